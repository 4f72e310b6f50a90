"""Which jobs run when the process starts."""

from bot.desk import Desk
from schedulers.jobs import table


def test_the_heavy_job_waits_for_the_night(engine, settings, library):
    jobs = {j.id: j for j in table(engine, Desk(settings, library))}
    assert [name for name, job in jobs.items() if not job.at_start] == ["accuracy"]
    assert "hour='3'" in str(jobs["accuracy"].trigger)
