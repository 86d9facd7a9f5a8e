"""Stands for whoever answers queries."""


class Answers:
    def __init__(self):
        self.results = [{"label": "signed up", "data": [0, 0, 0], "days": ["1", "2", "3"]}]
        self.error: Exception | None = None
        self.asked: list[dict] = []
        self.meanwhile = None

    def series(self, *data, label="signed up", **more):
        """Have a series with these points, the last of which still runs."""
        days = [f"2026-03-{n + 1:02}" for n in range(len(data))]
        self.results = [{"label": label, "data": list(data), "days": days, **more}]


current = Answers()


def answer(project, query, run):
    current.asked.append(dict(query))
    if current.meanwhile:
        current.meanwhile()
    if current.error:
        raise current.error
    return {"results": current.results}
