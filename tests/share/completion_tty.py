"""completion_tty.py BUILD DIRECTORY - what a user sees who presses Tab in bash"""
import os
import pathlib
import pty
import select
import subprocess
import sys
import time

BUILD = pathlib.Path(sys.argv[1]).resolve()
WORK = pathlib.Path(sys.argv[2]).resolve() / 'tty'
SCRIPT = pathlib.Path('packaging/completion/libvit.bash').resolve()
LOADER = pathlib.Path('/usr/share/bash-completion/bash_completion')
END = b'\x05'  # Control-E: to the end of the line
BEGIN = b'\x01'


class Shell:
    """An interactive bash, whose commands print their words in angle brackets."""

    def __init__(self, setup):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(WORK)
            environment = {'PATH': f'{BUILD}:{os.environ["PATH"]}', 'TERM': 'dumb',
                           'HOME': str(WORK), 'LC_ALL': 'C.UTF-8',
                           'XDG_DATA_HOME': str(WORK / 'share')}
            os.execvpe('bash', ['bash', '--norc', '--noprofile', '-i'], environment)
        self.send(b'PS1=; bind "set enable-bracketed-paste off"; stty cols 500\n')
        self.send(b"show() { printf '\\nSHOWN '; printf '<%s>' \"$@\"; printf '\\n'; }\n")
        self.send(setup.encode() + b'\n')
        self.send(b"echo 'READ''Y'\n")
        self.read_until(b'READY')

    def send(self, data):
        os.write(self.terminal, data)

    def read_until(self, text):
        """The output up to the line that has text, for at most 20 seconds."""
        output, deadline = b'', time.monotonic() + 20
        while text not in output or not output.endswith(b'\n'):
            left = deadline - time.monotonic()
            assert left > 0, f'expected {text}, found {output}'
            if select.select([self.terminal], [], [], left)[0]:
                output += os.read(self.terminal, 65536)
        return output.decode()

    def complete(self, line):
        """The words of the command line after Tab."""
        self.send(line.encode() + b'\t' + BEGIN + b'show ' + END + b'\n')
        shown = [row for row in self.read_until(b'SHOWN <').splitlines() if row.startswith('SHOWN')]
        return shown[-1].removeprefix('SHOWN ').removeprefix('<').removesuffix('>').split('><')

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def check(shell, cases):
    for line, expected in cases.items():
        found = shell.complete(line)
        assert found == ['libvit', *expected], f'{line}: expected {expected}, found {found}'
    return len(cases)


def main():
    for folder in ('my model', 'my pictures'):
        (WORK / folder).mkdir(parents=True)
    for file in ('my pictures/one cat.png', 'a "quoted" $name.png', 'my file'):
        (WORK / file).touch()
    (WORK / 'share/bash-completion/completions').mkdir(parents=True)
    (WORK / 'share/bash-completion/completions/libvit').symlink_to(SCRIPT)

    shell = Shell(f'source {SCRIPT}')
    count = check(shell, {
        'libvit classi': ['classify'],
        'libvit classify --keep-g': ['classify', '--keep-going'],
        'libvit classify my\\ m': ['classify', 'my model/'],
        'libvit classify "my m': ['classify', 'my model/'],
        # the first operand is a directory, which "my file" is not
        'libvit classify my\\ f': ['classify', 'my f'],
        'libvit classify my\\ model my\\ f': ['classify', 'my model', 'my file'],
        'libvit classify my\\ model my\\ pictures/o':
            ['classify', 'my model', 'my pictures/one cat.png'],
        'libvit classify x a': ['classify', 'x', 'a "quoted" $name.png'],
        'libvit run --precision=i': ['run', '--precision=int8'],
        'libvit run --isa sca': ['run', '--isa', 'scalar'],
        'libvit run --output blo': ['run', '--output', 'block.'],
        'libvit run --packed my\\ f': ['run', '--packed', 'my file'],
        'libvit run --packed=my\\ f': ['run', '--packed=my file'],
        'libvit run --threads a': ['run', '--threads', 'a'],
        'libvit frob a': ['frob', 'a'],
    })
    shell.close()
    if LOADER.exists():
        shell = Shell(f'source {LOADER}')
        count += check(shell, {'libvit classi': ['classify']})
        shell.close()
    else:
        print('skipped: 0 of 1 load by bash-completion, which is not installed')
    print(f'{count} completions in a terminal')


try:
    main()
except (AssertionError, subprocess.SubprocessError) as error:
    sys.exit(f'completion_tty.py: {error}')
