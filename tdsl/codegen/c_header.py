"""The C header of a saved kernel: an Interface in, text out that declares its functions and documents each argument.

The header needs C11 or C++17 and nothing of tdsl: the struct of the calling convention, an environment without threads
for whoever brings none, the order of pointers, sizes and strides, the facts that the caller must see to.
"""

from __future__ import annotations

from tdsl.codegen.abi import ABI_VERSION
from tdsl.codegen.interface import ArrayInterface, Interface, ScalarInterface

C_TYPES: dict[str, str] = {
    "bool": "uint8_t (0 or 1)", "float32": "float", "float64": "double",
    "float16": "uint16_t holding an IEEE half", "bfloat16": "uint16_t holding a bfloat16",
    "float8_e4m3fn": "uint8_t holding a float8_e4m3fn", "float8_e5m2": "uint8_t holding a float8_e5m2",
    **{f"{sign}int{bits}": f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}  # fmt: skip

_SHARED = f"""\
#ifndef TDSL_ENV_H
#define TDSL_ENV_H
/* The calling convention of tdsl kernels, version {ABI_VERSION}. */
#include <stdint.h>
#include <stdlib.h>

typedef struct tdsl_env {{
    int32_t version;   /* {ABI_VERSION} */
    int32_t flags;     /* 0; 1: loops of little work go to parallel_for, too */
    void *pool_ctx;
    /* Calls task(ctx, i) once for each i in 0 .. count - 1, in any order, on any threads in the default floating
       environment, and returns when all have returned. Called from inside a task it may run them one by one. */
    void (*parallel_for)(void *pool_ctx, void (*task)(void *ctx, int64_t index), void *ctx, int64_t count);
    /* At least `bytes` bytes (0 is allowed) at an address that 64 divides, or null; any thread may call both. */
    void *(*allocate)(void *arena_ctx, int64_t bytes);
    void (*release)(void *arena_ctx, void *block);
    void *arena_ctx;
    void *error_slot;  /* null */
}} tdsl_env;

enum {{ TDSL_DONE = 0, TDSL_OUT_OF_MEMORY = 1, TDSL_UNSUPPORTED_CPU = 2 }};

static inline void tdsl_serial_for(void *pool_ctx, void (*task)(void *, int64_t), void *ctx, int64_t count) {{
    (void)pool_ctx;
    for (int64_t i = 0; i < count; ++i) task(ctx, i);
}}

static inline void *tdsl_plain_allocate(void *arena_ctx, int64_t bytes) {{
    (void)arena_ctx;
    return bytes < 0 ? NULL : aligned_alloc(64, ((size_t)bytes + 127) / 64 * 64);
}}

static inline void tdsl_plain_release(void *arena_ctx, void *block) {{
    (void)arena_ctx;
    free(block);
}}

/* An environment that runs everything on the calling thread. */
static inline tdsl_env tdsl_serial_env(void) {{
    tdsl_env env = {{{ABI_VERSION}, 0, NULL, tdsl_serial_for, tdsl_plain_allocate, tdsl_plain_release, NULL, NULL}};
    return env;
}}
#endif
"""


def c_header(interface: Interface, target: str) -> str:
    """The text. target: in words, for the first comment."""
    name = interface.name
    guard = f"TDSL_KERNEL_{name}_H"
    strides = interface.abi.integers - len(interface.sizes)
    return f"""\
/* Kernel {name}, made by tdsl for {target}.

{_indented(_contract(interface))}
*/
#ifndef {guard}
#define {guard}
{_SHARED}
#ifdef __cplusplus
extern "C" {{
#endif

enum {{
    {name}_arguments = {len(interface.arguments)},  /* length of data */
    {name}_sizes = {len(interface.sizes)},
    {name}_strides = {strides}  /* sizes_and_strides has {name}_sizes + {name}_strides entries */
}};

/* Arrays that lie row-major without gaps, elements aligned; strides are passed but not read. */
int32_t {name}(void *const *data, const int64_t *sizes_and_strides, const tdsl_env *env);

/* Arrays of any byte strides at any address. */
int32_t {name}_general(void *const *data, const int64_t *sizes_and_strides, const tdsl_env *env);

/* The description as JSON, what `td.load` reads. */
extern const char {name}_tdsl[];

#ifdef __cplusplus
}}
#endif
#endif
"""


def _contract(interface: Interface) -> list[str]:
    lines = ["data:"]
    for place, argument in enumerate(interface.arguments):
        lines.append(f"  [{place}] {_argument(argument)}")
    lines.append("sizes_and_strides:")
    at = 0
    for size in interface.sizes:
        lines.append(f"  [{at}] {size.name}, {_size_facts(size.minimum, size.multiple_of)}")
        at += 1
    for argument in interface.arguments:
        if isinstance(argument, ArrayInterface) and argument.extents:
            ndim = len(argument.extents)
            places = f"[{at}]" if ndim == 1 else f"[{at}..{at + ndim - 1}]"
            lines.append(f"  {places} strides of {argument.name}, in bytes")
            at += ndim
    return [*lines, *_duties(interface)]


def _argument(argument: ArrayInterface | ScalarInterface) -> str:
    kind = C_TYPES[argument.dtype]
    limits = "" if argument.value_range is None else (
        f", {argument.value_range[0].text} <= values < {argument.value_range[1].text}"
    )  # fmt: skip
    if isinstance(argument, ScalarInterface):
        return f"{argument.name}: address of one {kind}{limits}"
    shape = ", ".join(formula.text for formula in argument.extents)
    declared = "" if argument.align is None else f", aligned to {argument.align} bytes"
    if argument.strides is not None:
        declared += f", strides {tuple('any' if one is None else one for one in argument.strides)} elements"
    return f"{argument.name}: {argument.role}, {kind}, shape ({shape}){limits}{declared}"


def _size_facts(minimum: int, multiple_of: int) -> str:
    return f"at least {minimum}" + (f", a multiple of {multiple_of}" if multiple_of > 1 else "")


def _duties(interface: Interface) -> list[str]:
    lines = ["The caller sees to it: nothing here is checked."]
    lines += [f"  {fact.text}" for fact in interface.facts]
    lines.append(
        "  Sizes are below 2^47. Values lie in their ranges. Outputs overlap neither inputs nor each other;"
    )
    if interface.inplace:
        pairs = ", ".join(f"{output} may be {name}" for name, output in interface.inplace)
        lines.append(f"  but as the very same array: {pairs}.")
    lines.append(
        "Returns TDSL_DONE; TDSL_OUT_OF_MEMORY: outputs may be partly written; TDSL_UNSUPPORTED_CPU."
    )
    return lines


def _indented(lines: list[str]) -> str:
    return "\n".join(f"   {line}".replace("*/", "* /") for line in lines)
