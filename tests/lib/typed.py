"""What a page shows of a terminal, typed again: each line behind `$ ` is run, and what it prints must be what stands there.
Where the page shows `...`, anything may stand."""
import re
import subprocess


def steps(text):
    """(command, what is shown) for each line behind `$ `."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def typed(command, port):
    """What it prints, with redis-cli on that port."""
    assert re.match(r"(printf .* \| )?redis-cli ?", command), "a page types only redis-cli: " + command
    command = re.sub(r"\bredis-cli\b", "redis-cli --no-raw -p %d" % port, command)
    p = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=30)
    return p.stdout + p.stderr


def matches(shown, got):
    pattern = ".*".join(re.escape(x) for x in shown.rstrip("\n").split("..."))
    return re.fullmatch(pattern, got.rstrip("\n"), re.S)


def check_steps(text, port):
    """How many there were."""
    n = 0
    for n, (command, shown) in enumerate(steps(text), 1):
        got = typed(command, port)
        assert matches(shown, got), "%s\n      shown %r\n      got   %r" % (command, shown, got)
    return n
