# SPDX-License-Identifier: Apache-2.0
"""Many guests at once, on a Nova of the kit.

    guest = nova.boot("many", "cmp5")
    others = copies(nova, guest, 49)
    ...
    forget(nova, guest, *others)

A guest of the fake driver is nothing but rows, and Nova needs seconds of CPU to write those of one.
Here one is started by Nova, and its rows are copied, each with a uuid of its own: in Nova's cell,
in its API's database and in Placement. What Nova does to a copy it does as to any other guest.
"""
import uuid

INSTANCE = ("instance_uuid", "consumer_id")
DATABASES = ("nova", "nova_api", "placement")
# What a table calls the guest when it does not call it instance_uuid.
OF_ITS_OWN = {("nova", "instances"): "uuid", ("nova", "instance_id_mappings"): "uuid",
              ("placement", "consumers"): "uuid"}
# The past of a guest, which a copy does not have.
HISTORY = {"instance_actions", "instance_actions_events", "instance_faults", "migrations"}


def _tables(database):
    """[(schema, table, column that names the guest, [(column, kind)] without the numbers that a
    row gets by itself)]."""
    rows = database.sql(
        "SELECT c.table_schema, c.table_name, c.column_name, c.data_type, c.extra"
        " FROM information_schema.columns c JOIN information_schema.tables t"
        " USING (table_schema, table_name)"
        f" WHERE c.table_schema IN {DATABASES} AND t.table_type = 'BASE TABLE'"
        " AND c.table_name NOT LIKE 'shadow%' ORDER BY c.ordinal_position")
    columns = {}
    for schema, table, column, kind, extra in rows:
        columns.setdefault((schema, table), []).append((column, kind, extra))
    for (schema, table), all_columns in columns.items():
        names = {column for column, _, _ in all_columns}
        guest = OF_ITS_OWN.get((schema, table)) or next((n for n in INSTANCE if n in names), None)
        if guest is not None:
            yield schema, table, guest, [(column, kind) for column, kind, extra in all_columns
                                         if "auto_increment" not in extra]


def _value(table, column, kind, original):
    """What a copy has in a column."""
    if (table, column) == ("block_device_mapping", "uuid"):
        return "UUID()"
    if kind in ("char", "varchar", "text", "mediumtext", "longtext"):
        return f"REPLACE(one.`{column}`, '{original}', made.copy)"
    return f"one.`{column}`"


def copies(nova, guest, count):
    """`count` more guests that are what `guest` is; returns their ids."""
    if count == 0:
        return []
    made = [str(uuid.uuid4()) for _ in range(count)]
    source = " UNION ALL ".join(f"SELECT '{name}' AS copy" for name in made)
    statements = ["SET foreign_key_checks = 0"]
    for schema, table, column, columns in _tables(nova.database):
        if table in HISTORY:
            continue
        names = ", ".join(f"`{name}`" for name, _ in columns)
        values = ", ".join(_value(table, *each, guest) for each in columns)
        statements.append(
            f"INSERT INTO `{schema}`.`{table}` ({names}) SELECT {values}"
            f" FROM (SELECT * FROM `{schema}`.`{table}` WHERE `{column}` = '{guest}') AS one"
            f" CROSS JOIN ({source}) AS made")
    nova.database.sql(";\n".join(statements))
    return made


def forget(nova, *guests):
    """Removes all that Nova and Placement have of guests, without a word to their hosts."""
    names = ", ".join(f"'{name}'" for name in guests)
    statements = ["SET foreign_key_checks = 0",
                  "DELETE FROM nova.instance_actions_events WHERE action_id IN"
                  f" (SELECT id FROM nova.instance_actions WHERE instance_uuid IN ({names}))"]
    statements += [f"DELETE FROM `{schema}`.`{table}` WHERE `{column}` IN ({names})"
                   for schema, table, column, _ in _tables(nova.database)]
    nova.database.sql(";\n".join(statements))
