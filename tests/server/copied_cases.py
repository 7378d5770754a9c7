"""An incident of the record again and again, each time of another workload: what many nights would have brought."""

from __future__ import annotations

from sqlalchemy import Table, insert, select

from tests.harness import Harness
from tools.schema import incidents


def copies(agent: Harness, incident_id: str, count: int, *told: Table) -> None:
    """So many more, with their rows in these tables."""
    with agent.agent.database.write() as connection:
        for table in (incidents, *told):
            key = "id" if table is incidents else "incident_id"
            found = connection.execute(select(table).where(table.c[key] == incident_id)).one()._mapping
            kept = {name: value for name, value in found.items() if name != "id"}
            for number in range(count):
                more = {key: f"copy-{number}"}
                if table is incidents:
                    more["workload_key"] = f"shop/Deployment/copy-{number}"
                connection.execute(insert(table).values({**kept, **more}))
