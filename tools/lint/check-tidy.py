#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy 14 finds nothing in any C file that is built.

A file that was clean is not looked at again until it, a header of ours that it includes, its
command line or .clang-tidy changes: the keys of clean files are kept in BUILD/lint-tidy.
"""

import concurrent.futures
import hashlib
import os
import re
import subprocess

import common

QUOTED = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
# GCC's own flags mean nothing to the clang inside clang-tidy.
NOT_FOR_CLANG = re.compile(r'^-(Wno-)?(W(logical-op|duplicated|clobbered|trampolines|alloc-zero)|'
                           r'fanalyzer|fcondition-coverage)')


def closure(path, folders, seen):
    """All project files that path includes, found as the preprocessor would find them."""
    if path in seen:
        return seen
    seen.add(path)
    with open(path, encoding='utf-8', errors='replace') as source:
        names = QUOTED.findall(source.read())
    for name in names:
        for folder in [os.path.dirname(path), *folders]:
            candidate = os.path.normpath(os.path.join(folder, name))
            if os.path.isfile(candidate):
                closure(candidate, folders, seen)
                break
    return seen


def key_of(root, name, command, folder, base):
    folders = [os.path.join(folder, word[2:]) for word in command if word.startswith('-I')]
    digest = hashlib.sha256(base)
    # The flags without the output's name, so that a rebuild elsewhere keeps its keys.
    digest.update('\0'.join(command).encode())
    for path in sorted(closure(os.path.join(root, name), folders, set())):
        with open(path, 'rb') as source:
            digest.update(path.encode() + b'\0' + source.read())
    return digest.hexdigest()


def look(root, name, command, folder):
    flags = [word for word in command[1:] if not NOT_FOR_CLANG.match(word)]
    done = subprocess.run(
        ['clang-tidy', '--quiet', os.path.join(root, name), '--', *flags], cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    text = done.stdout.decode(errors='replace').replace(root + os.sep, '')
    # The same header is seen through many files; lines are made unique by the caller.
    found = re.findall(r'^(\S+:\d+):\d+: (?:warning|error): (.*)$', text, re.MULTILINE)
    if done.returncode != 0 and not found:
        found = [(name + ':1', 'clang-tidy: ' + done.stderr.decode(errors='replace').strip())]
    return [f'{place}: {message}' for place, message in found]


def check(args):
    common.only_version('clang-tidy', '14')
    cache = os.path.join(args.build, 'lint-tidy')
    os.makedirs(cache, exist_ok=True)
    base = hashlib.sha256((common.tool('clang-tidy') + common.read(args.root, '.clang-tidy'))
                          .encode()).digest()
    todo = []
    for name, command, folder in common.compile_commands(args.root, args.build):
        key = key_of(args.root, name, command, folder, base)
        if not os.path.exists(os.path.join(cache, key)):
            todo.append((name, command, folder, key))
    findings = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(look, args.root, name, command, folder): key
                for name, command, folder, key in todo}
        for job in concurrent.futures.as_completed(jobs):
            findings += job.result()
            if not job.result():
                with open(os.path.join(cache, jobs[job]), 'w', encoding='ascii'):
                    pass
    return sorted(set(findings))


common.run(check, __doc__)
