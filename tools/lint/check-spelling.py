#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""codespell knows no better spelling for any word (inout is gtk-doc's; tru and indx
are what tests give to parsers)."""

import subprocess

import common


def check(args):
    common.tool('codespell')
    names = [name for name in common.files(args.root, r'\.([chm]|py|sh|md|build|sql|conf)$')
             if '/corpus/' not in name and '/data/' not in name]
    if not names:
        return
    done = subprocess.run(['codespell', '--ignore-words-list=inout,tru,indx',
                           r'--ignore-regex=\\[nrt]', *names], cwd=args.root,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in done.stdout.decode(errors='replace').splitlines():
        yield line


common.run(check, __doc__)
