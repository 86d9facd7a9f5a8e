"""What `manage.py selftest` says when it can't even begin; tests/ingestion follows it through."""

import pytest
from django.core.management import CommandError, call_command


def test_without_a_project(db):
    with pytest.raises(CommandError, match="There is no project yet. Start the server"):
        call_command("selftest")
    with pytest.raises(CommandError, match="There is no project 99."):
        call_command("selftest", project_id=99)


@pytest.mark.parametrize("url", ["nonsense", "http://[::1", "http://127.0.0.1:9"])
def test_an_address_where_nothing_answers(capsys, url):
    with pytest.raises(CommandError, match="Self-test failed at: the server answers. no answer"):
        call_command(
            "selftest", url=url, project_id=1, project_token="phc_x", personal_api_key="phx_x"
        )
