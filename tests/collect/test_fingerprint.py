import math

import pytest
import torch

from tc_engine.collect import fingerprint, native
from tc_engine.collect.checksum import PROBED_FROM, READ_FROM, SMALL, WEIGHTS
from tc_engine.collect.fingerprint import LARGE, Fingerprints
from tc_engine.collect.pending import Pending

CHUNK = SMALL
FLOATS = [
    torch.float32,
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.float8_e4m3fn,
    torch.float8_e5m2,
]
OTHERS = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]
COMPLEX = [torch.complex64, torch.complex128]
SIZES = [
    1,
    2,
    3,
    8,
    SMALL * 2 + 1,
    CHUNK * 6,
    CHUNK * 6 + 1,
    CHUNK * 12 + 3,
    LARGE * 2 - 1,
    LARGE * 7,
]


def of(tensor: torch.Tensor) -> int | None:
    """Compute it with torch and with compiled code."""
    (found,) = Fingerprints().of([tensor])
    assert Fingerprints(native.load()).of([tensor]) == [found]
    return found


@pytest.fixture(params=["torch", "compiled"])
def fingerprints(request: pytest.FixtureRequest) -> Fingerprints:
    return Fingerprints(native.load() if request.param == "compiled" else None)


@pytest.mark.parametrize("dtype", FLOATS + OTHERS + COMPLEX)
def test_zero_exactly_for_zeros(dtype: torch.dtype) -> None:
    for size in (1, 3, 8, 100):
        zeros = torch.zeros(size).to(dtype)
        last = torch.cat([torch.zeros(size), torch.ones(1)]).to(dtype)
        assert of(zeros) == 0
        assert of(last) not in (0, None)


@pytest.mark.parametrize("dtype", FLOATS)
def test_negative_zero_is_zero(dtype: torch.dtype) -> None:
    assert of(torch.tensor([0.0, -0.0, -0.0, 0.0, -0.0]).to(dtype)) == 0


@pytest.mark.parametrize("size", SIZES)
def test_every_place_counts(size: int) -> None:
    tensor = torch.arange(1, size + 1, dtype=torch.float32)
    before = of(tensor)
    for place in {0, size // 2, size - 1}:
        changed = tensor.clone()
        changed[place] = torch.nextafter(changed[place], torch.tensor(math.inf))
        assert of(changed) != before
        changed = tensor.clone()
        changed[place] *= -1
        assert of(changed) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t * 0.99,
        lambda t: t * 0.5,
        lambda t: t * -1,
        lambda t: t + 1,
        lambda t: t.flip(0),
        lambda t: t.roll(1),
        lambda t: t[torch.randperm(len(t), generator=torch.Generator().manual_seed(0))],
        lambda t: torch.cat([-t[:2], t[2:]]),
        lambda t: torch.cat([t[:1], -t[1:2], t[2:3], -t[3:4], t[4:]]),
    ],
)
def test_uniform_changes_permutations_and_signs(change) -> None:
    for tensor in (torch.ones(8) + torch.arange(8), torch.linspace(-3, 4, 1000)):
        assert of(change(tensor)) != of(tensor)


def test_uniform_change_of_equal_elements() -> None:
    values = [of(torch.full((8,), value)) for value in (1.0, 0.99, -1.0, math.nan, math.inf)]
    assert len(set(values)) == 5


def test_equal_content_whatever_the_layout(fingerprints: Fingerprints) -> None:
    tensor = torch.randn(6, 4, 5, 3)
    expected = of(tensor)
    assert of(tensor.clone()) == expected
    assert of(tensor.to(memory_format=torch.channels_last)) == expected
    assert of(tensor.permute(3, 1, 0, 2).contiguous().permute(2, 1, 3, 0)) == expected
    assert of(torch.cat([torch.zeros(1), tensor.flatten()])[1:].view(6, 4, 5, 3)) == expected
    assert of(tensor.requires_grad_()) == expected
    with torch.inference_mode():
        assert fingerprints.of([tensor.clone()]) == [expected]
    assert fingerprints.of([tensor]) == [expected]


def test_known_values() -> None:
    # The definition must never change: fingerprints of old and new traces are compared.
    assert of(torch.ones(4)) == -2523226986150153308
    assert of(torch.arange(5)) == -3275620793654753082


def test_together_as_alone(fingerprints: Fingerprints) -> None:
    read = (READ_FROM * 2 + 1, READ_FROM * 2 - 2, READ_FROM * 2)
    sizes = (
        *read,
        3,
        LARGE * 2,
        64,
        0,
        SMALL,
        LARGE,
        SMALL * 2 + 1,
        7,
        CHUNK * 7 + 5,
        LARGE * 2 - 1,
    )
    tensors = [torch.randn(size) for size in sizes]
    tensors += [torch.zeros(9), torch.arange(99_999).to(torch.int8), torch.randn(64, 999).t()]
    alone = [of(tensor) for tensor in tensors]
    assert fingerprints.of(tensors) == alone
    assert fingerprints.of(tensors[::-1]) == alone[::-1]
    assert fingerprints.of(tensors) == alone  # again in the same place
    whole = [torch.randn(61 * 480 * 2 * count) for count in (2, 3, 2)]
    assert fingerprints.of(whole) == [of(tensor) for tensor in whole]


@pytest.mark.parametrize(
    "words",
    [
        *(5, SMALL, SMALL + 1, CHUNK * 3 - 1, CHUNK * 3),
        *(READ_FROM, 61 * 480 * 2, 61 * 480 * 3 - 1, 61 * 480 * 31 + 1),
    ],
)
def test_the_definition(words: int) -> None:
    """Computed once more word by word, with numbers that have no limit."""
    tensor = torch.randn(words * 2)
    content = tensor.view(torch.int64).tolist()
    if words > SMALL:
        content = sums_of_chunks(content)
    while len(content) > WEIGHTS:
        content = [weighed(content[i : i + WEIGHTS]) for i in range(0, len(content), WEIGHTS)]
    assert of(tensor) == weighed(content)


def weighed(words: list[int]) -> int:
    return signed(sum((x + (x >> 29)) * weight(i) for i, x in enumerate(words)))


def sums_of_chunks(words: list[int]) -> list[int]:
    whole = len(words) // (61 * 480) * (61 * 480) if len(words) >= READ_FROM else 0
    rest = words[whole:] + [0] * (-(len(words) - whole) % CHUNK)
    return sums(words[:whole], 61, 480, 488) + sums(rest, 31, 64, 62)


def sums(words: list[int], height: int, width: int, other: int) -> list[int]:
    size = height * width
    count = len(words) // size
    rows, columns, others = [0] * (height * count), [0] * (width * count), [0] * (other * count)
    for place, word in enumerate(words):
        chunk, inside = divmod(place, size)
        rows[chunk * height + inside // width] += word
        columns[chunk * width + inside % width] += word
        others[chunk * other + inside % other] += word
    return [signed(number) for number in (*rows, *columns, *others)]


def weight(place: int) -> int:
    z = (place + 1) * 0x9E3779B97F4A7C15 % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return (z ^ (z >> 31)) | 1


def signed(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63


def test_an_accelerator_gives_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody may wait for a value, zeros are found by other means."""
    floats = [torch.randn(size).to(d) for d in FLOATS for size in (1, 5, 9, SMALL * 9, CHUNK * 90)]
    zeros = [
        torch.zeros(size).to(d) for d in FLOATS + OTHERS + COMPLEX for size in (1, 7, CHUNK * 90)
    ]
    negative = [(-torch.zeros(size)).to(d) for d in FLOATS for size in (1, 7, CHUNK * 90)]
    mixed = [torch.tensor([0.0, -0.0, 0.0, last]).to(d) for d in FLOATS for last in (0, -1)]
    others = [torch.arange(-4, 5).to(d) for d in OTHERS + COMPLEX]
    large = [torch.randn(LARGE * 2), torch.zeros(LARGE * 2)]
    tensors = [*floats, *zeros, *negative, *mixed, *others, *large, None]
    expected = Fingerprints().of(tensors)
    assert expected.count(0) == len(zeros) + len(negative) + len(FLOATS) + 1
    monkeypatch.setattr(fingerprint, "_is_host", lambda device: False)
    fingerprints = Fingerprints()
    assert [fingerprints.of(tensors) for _ in range(3)] == [expected] * 3
    assert [Fingerprints().of([tensor])[0] for tensor in tensors] == expected


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_not_waited_for() -> None:
    tensors = [torch.randn(size, device="cuda") for size in (1, 5, SMALL * 9, CHUNK * 200)]
    fingerprints = Fingerprints()
    expected = fingerprints.of([tensor.cpu() for tensor in tensors])
    assert fingerprints.of(tensors) == expected  # makes the weights
    pending = Pending()
    torch.cuda.set_sync_debug_mode("error")
    try:
        found, _ = fingerprints.start(tensors, pending)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    pending.wait()
    assert found == expected


def test_content_that_is_not_there(fingerprints: Fingerprints) -> None:
    released = torch.ones(4)
    view = released[1:]
    released.untyped_storage().resize_(0)
    tensors = [None, torch.empty(3, device="meta"), released, view]
    assert fingerprints.of(tensors) == fingerprints.probe(tensors) == [None] * 4
    assert of(torch.empty(0)) == 0


@pytest.mark.filterwarnings("ignore:Sparse")
def test_sparse() -> None:
    def sparse(places: list[int], values: list[float]) -> torch.Tensor:
        return torch.sparse_coo_tensor([places], values, (5,), check_invariants=True)

    assert of(sparse([0, 2], [1.0, 2.0])) != of(sparse([0, 3], [1.0, 2.0]))
    assert of(sparse([0, 2], [1.0, 2.0])) != of(sparse([0, 2], [1.0, 3.0]))
    assert of(sparse([0, 2], [0.0, 0.0])) == 0


def test_leaves_no_trace() -> None:
    tensor = torch.randn(3, requires_grad=True)
    state, version = torch.get_rng_state(), tensor._version
    of(tensor)
    assert torch.equal(state, torch.get_rng_state())
    assert (tensor._version, tensor.grad_fn, torch.is_grad_enabled()) == (version, None, True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8, torch.int64])
@pytest.mark.parametrize("size", [1, 4, 8, 1000])
def test_uniform_tensors_all_differ(dtype: torch.dtype, size: int) -> None:
    tensors = [torch.full((size,), value).to(dtype) for value in range(-64, 64)]
    assert len(set(Fingerprints().of(tensors))) == len(tensors)


@pytest.mark.parametrize("width", [240, 248, 480, 496, 502, 768, 960, 1000, 1024])
def test_rows_and_places_of_a_large_matrix(width: int) -> None:
    """Sums by rows and columns must not hide an exchange between them."""
    identity = torch.eye(width)
    numbers = {of(identity)}
    order = list(range(width))
    for a, b in ((0, 1), (0, 2), (3, 4), (0, width // 2), (1, width - 1), (4, 8)):
        changed = order.copy()
        changed[a], changed[b] = b, a
        numbers.add(of(identity[changed]))
    assert len(numbers) == 7


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_signs_of_a_large_tensor(dtype: torch.dtype) -> None:
    tensor = (torch.arange(CHUNK * 6) % 7 + 1).to(dtype)
    tensors = [tensor, -tensor, *(tensor.clone() for _ in range(3))]
    tensors[2][:2] *= -1
    tensors[3][[0, 240]] *= -1
    tensors[4][::2] *= -1
    assert len({of(one) for one in tensors}) == 5


@pytest.mark.parametrize("size", [PROBED_FROM * 2 - 1, CHUNK * 9 + 5, LARGE * 2])
def test_a_probe_sees_what_changes_everywhere(fingerprints: Fingerprints, size: int) -> None:
    tensor = torch.randn(size)
    (before,) = fingerprints.probe([tensor])
    _, (together,) = fingerprints.start([tensor], Pending())
    assert before is not None
    assert [together, together] == [before, *fingerprints.probe([tensor.clone()])]
    changed = [tensor * 0.999, tensor + 1, tensor.flip(0), tensor.roll(1), -tensor]
    assert before not in fingerprints.probe(changed)
    assert [before] == Fingerprints().probe([tensor])
    assert fingerprints.probe([tensor[:PROBED_FROM], None]) == [None, None]
