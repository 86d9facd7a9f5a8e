"""How far a running query has got."""

import clickhouse
from hogql.execution import log_comment
from projects.models import Project


def progress(query_id: str, project: Project) -> dict[str, int] | None:
    """What the project's query of that id has done; None when it does not run (any more)."""
    found = clickhouse.rows(
        """
        SELECT toInt64(read_bytes), toInt64(read_rows), toInt64(total_rows_approx),
            toInt64(elapsed), toInt64(ProfileEvents['OSCPUVirtualTimeMicroseconds'])
        FROM system.processes
        WHERE Settings['log_comment'] = {comment:String}
        LIMIT 1
        """,
        comment=log_comment(project, query_id),
    )
    if not found:
        return None
    names = ("bytes_read", "rows_read", "estimated_rows_total", "time_elapsed", "active_cpu_time")
    return dict(zip(names, found[0], strict=True))
