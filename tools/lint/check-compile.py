#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every C file is built, with -Werror and with base/banned.h; and calls none that is banned."""

import os
import re

import common

# Beyond what base/banned.h poisons: names that are also used for other things than the call.
BANNED = {
    'system': 'posix_spawn with an argument list', 'strtol': 'msk_parse_int64',
    'strtoul': 'msk_parse_int64', 'strtoll': 'msk_parse_int64', 'strtoull': 'msk_parse_int64',
    'strtod': 'g_ascii_strtod', 'atof': 'g_ascii_strtod', 'alloca': 'g_malloc',
    'g_alloca': 'g_malloc', 'g_newa': 'g_new', 'g_strdupa': 'g_strdup', 'strncpy': 'g_strlcpy',
    'strncat': 'g_strlcat', 'signal': 'sigaction or g_unix_signal_add', 'mktemp': 'mkstemp',
    'tmpnam': 'mkstemp', 'g_spawn_command_line_sync': 'posix_spawn with an argument list',
    'g_spawn_command_line_async': 'posix_spawn with an argument list', 'asctime': 'base/datetime.h',
    'ctime': 'base/datetime.h', 'strerror': 'g_strerror, which threads can share',
    'readdir_r': 'g_dir_read_name', 'sscanf': 'msk_parse_int64', 'scanf': 'msk_parse_int64',
    'fscanf': 'msk_parse_int64', 'sleep': 'a timer of the main loop',
}
CALL = re.compile(r'(?<![\w.>])(%s)\s*\(' % '|'.join(BANNED))
EXIT = re.compile(r'(?<![\w.>])(exit|_exit|abort)\s*\(')
# A process that a file has made by fork() ends there, by _exit().
EXIT_OR_CHILD = re.compile(r'(?<![\w.>])(exit|abort)\s*\(')
FORK = re.compile(r'(?<![\w.>])fork\s*\(')


def banned_calls(root):
    for name in common.files(root, r'^src/.*\.[ch]$'):
        is_test = os.path.basename(name).startswith('test-')
        code = common.without_comments_and_strings(common.read(root, name))
        ends = EXIT_OR_CHILD if FORK.search(code) else EXIT
        for number, line in enumerate(code.splitlines(), 1):
            for found in CALL.finditer(line):
                yield (f'{name}:{number}: {found.group(1)}() is banned: use '
                       f'{BANNED[found.group(1)]}')
            if not is_test and not name.startswith('src/cmd/') and ends.search(line):
                yield (f'{name}:{number}: only cmd/ ends the program: return an error and let the '
                       'caller decide')


def check(args):
    built = set()
    for name, command, _ in common.compile_commands(args.root, args.build):
        built.add(name)
        words = ' '.join(command)
        if not re.search(r'-include \S*src/base/banned\.h', words):
            yield f'{name}:1: built without src/base/banned.h: let meson.build pass it to all'
        if '-Werror' not in command:
            yield f'{name}:1: built without -Werror'
        if '-std=gnu17' not in command:
            yield f'{name}:1: built without -std=gnu17'
    for name in common.files(args.root, r'^src/.*\.c$'):
        if name not in built:
            yield f'{name}:1: no meson.build builds it: add it there or remove it'
    yield from banned_calls(args.root)


common.run(check, __doc__)
