#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cppcheck finds nothing (warning and performance classes)."""

import hashlib
import os
import subprocess

import common

LIBRARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'cppcheck.cfg')


def check(args):
    common.tool('cppcheck')
    names = common.files(args.root, r'^(src|tests|demo|bench)/.*\.c$')
    if not names:
        return
    # cppcheck's own cache does not look at the library file.
    with open(LIBRARY, 'rb') as source:
        key = hashlib.sha256(source.read()).hexdigest()[:16]
    cache = os.path.join(args.build, f'lint-cppcheck-{key}')
    os.makedirs(cache, exist_ok=True)
    done = subprocess.run(
        ['cppcheck', '--quiet', f'-j{os.cpu_count()}', f'--cppcheck-build-dir={cache}',
         '--enable=warning,performance', f'--library={LIBRARY}',
         '--std=c11', '--force',
         '--suppress=missingIncludeSystem', '--error-exitcode=1', '-Isrc', '-D_GNU_SOURCE',
         '-DMSK_VERSION="0"', '--template={file}:{line}: {message} [{id}]', *names],
        cwd=args.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = done.stdout.decode(errors='replace')
    if done.returncode != 0 and not output.strip():
        yield f'cppcheck ended with status {done.returncode} and said nothing'
    for line in output.splitlines():
        # Newer releases tell which functions they did not follow to the last branch.
        if line.strip() and not line.endswith('[normalCheckLevelMaxBranches]'):
            yield line


common.run(check, __doc__)
