"""Several values after one flag: `-f RUN1 RUN2` becomes `-f RUN1 -f RUN2`.

The option parser takes one value per flag. TrainCheck's command lines, and a shell's `-f runs/*`,
give many; they are rewritten before the parser sees them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_RUNS = frozenset({"-f", "--trace-folders", "-t", "--traces"})
_RELATIONS = frozenset({"--enable-relation", "--disable-relation"})

# Flags that take all values up to the next flag, by command.
MANY_VALUES: dict[str, frozenset[str]] = {
    "infer": _RUNS | _RELATIONS,
    "invariants": frozenset({"--subtract"}),
    "check": _RUNS | {"-i", "--invariants", "--suppressions"},
    "collect": frozenset({"--models-to-track", "-i", "--invariants"}),
}

# `collect` is followed by another program's command line, where nothing may be rewritten; to know
# where that starts, know which flags of `collect` are followed by one value.
ONE_VALUE: dict[str, frozenset[str]] = {
    "collect": frozenset(
        {
            *("-o", "--output-dir", "-p", "--pyscript", "--groups", "--max-gb"),
            *("--include", "--exclude", "--inside"),
            *("--every", "--sampling-interval", "--window", "--warmup", "--warm-up-steps"),
        }
    ),
}


def expand(argv: Sequence[str]) -> list[str]:
    """Repeat each many-valued flag before each of its values; leave everything else alone.

    >>> expand(["infer", "-f", "a", "b", "-o", "c"])
    ['infer', '-f', 'a', '-f', 'b', '-o', 'c']
    """
    if not argv or argv[0] not in MANY_VALUES:
        return list(argv)
    return [argv[0], *_expand(argv[1:], MANY_VALUES[argv[0]], ONE_VALUE.get(argv[0]))]


def _expand(
    tokens: Sequence[str], many: frozenset[str], one: frozenset[str] | None
) -> Iterator[str]:
    flag = ""  # the many-valued flag whose values are being read
    values = 0
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token == "--":  # noqa: S105 - an end of options, not a secret
            break
        name, _, value = token.partition("=")
        if name in many:
            flag, values = name, 1 if value else 0
            yield token
        elif token.startswith("-"):
            flag = ""
            yield token
            if one is not None and token in one:
                position += 1
                yield from tokens[position : position + 1]
        elif flag:
            yield from (flag, token) if values else (token,)
            values += 1
        elif one is not None:
            break
        else:
            yield token
        position += 1
    yield from tokens[position:]
