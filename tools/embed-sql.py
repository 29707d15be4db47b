#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write migrations into a C file: embed-sql.py KIND OUTPUT NNNN-name.sql..."""

import pathlib
import re
import sys


def c_string(text):
    lines = text.replace("\\", "\\\\").replace('"', '\\"').splitlines()
    return "\n".join(f'     "{line}\\n"' for line in lines)


def main():
    kind, output, *inputs = sys.argv[1:]
    rows = []
    for number, path in enumerate(sorted(map(pathlib.Path, inputs)), start=1):
        match = re.fullmatch(r"(\d{4})-([a-z0-9_-]+)", path.stem)
        if match is None or int(match[1]) != number:
            sys.exit(f"{path}: expected {number:04}-<name>.sql: numbers are without gaps")
        revision = f'"{match[2]}"' if re.fullmatch(r"[0-9a-f]{12}", match[2]) else "NULL"
        rows.append(f'    {{"{path.stem}", {revision},\n{c_string(path.read_text())}}},\n')
    pathlib.Path(output).write_text(
        '/* SPDX-License-Identifier: Apache-2.0 */\n#include "store/migrations.h"\n\n'
        f"const MskMigration msk_{kind}_migrations[] = {{\n" + "".join(rows) +
        "    {NULL, NULL, NULL},\n};\n")


if __name__ == "__main__":
    main()
