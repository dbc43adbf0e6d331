// What emitted CUDA C sees when a C++ compiler takes it for the emulator: the words of CUDA, as C++.
//
// In: CUDA C as NVRTC takes it, after this header. Out: plain C++ whose loads and stores the compiler reports through
// the hooks of -fsanitize=thread (access.cpp answers them; no sanitizer library is linked). Vector types report their
// copies themselves, so that a 128-bit access stays one. Nothing of the standard library is included: kernels may use
// its names, and a compile takes a tenth of a second. Arithmetic is IEEE's: -ffp-contract=off, fused only where said.
#pragma once

#define TDSL_QUIET __attribute__((no_sanitize("thread")))
#define TDSL_OUTLINE __attribute__((noinline, no_sanitize("thread")))

// ---- words of the language
#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
// Static storage in a function as well as after `extern`, and every host thread that runs a kernel has its own.
#define __shared__ thread_local

namespace tdsl_emulator {

struct Index3 {
  unsigned x, y, z;
};
enum Access : unsigned { LOAD = 0, STORE = 1, ATOMIC = 3 };

Index3 thread_index();
Index3 block_index();
Index3 block_extent();
Index3 grid_extent();
void access(const void* address, unsigned bytes, Access kind, const void* where);
void barrier(const char* file, int line, int place);
void warp_barrier(unsigned mask, const char* file, int line, int place);
void exchange(unsigned mask, const char* file, int line, int place, const void* mine, void* other, unsigned bytes,
              unsigned source);
unsigned vote(unsigned mask, bool holds, const char* file, int line, int place);
unsigned lane();

template <unsigned... I>
struct Places {};
template <unsigned N, unsigned... I>
struct Count : Count<N - 1, N - 1, I...> {};
template <unsigned... I>
struct Count<0, I...> {
  using type = Places<I...>;
};
template <class... A, unsigned... I>
TDSL_QUIET void call(void (*kernel)(A...), void** arguments, Places<I...>) {
  kernel(*static_cast<A*>(arguments[I])...);
}
// Arguments as cuLaunchKernel takes them: the address of each.
template <class... A>
TDSL_QUIET void call(void (*kernel)(A...), void** arguments) {
  call(kernel, arguments, typename Count<sizeof...(A)>::type());
}

}  // namespace tdsl_emulator

#define threadIdx (tdsl_emulator::thread_index())
#define blockIdx (tdsl_emulator::block_index())
#define blockDim (tdsl_emulator::block_extent())
#define gridDim (tdsl_emulator::grid_extent())
#define warpSize 32
// __COUNTER__ tells two barriers of one line apart, and stays one where the compiler copies code.
#define TDSL_HERE __FILE__, __LINE__, __COUNTER__
#define __syncthreads() tdsl_emulator::barrier(TDSL_HERE)
#define TDSL_FIRST(first, ...) first
#define __syncwarp(...) tdsl_emulator::warp_barrier(TDSL_FIRST(__VA_ARGS__ __VA_OPT__(,) 0xffffffffu), TDSL_HERE)
#define __threadfence() ((void)0)
#define __threadfence_block() ((void)0)

// ---- vector types: one access each, wherever it goes
#define TDSL_VECTOR(TYPE, NAME, BYTES, FIELDS, PARAMETERS, INITIALISERS, ARGUMENTS)               \
  struct __attribute__((aligned(BYTES))) NAME {                                                   \
    TYPE FIELDS;                                                                                  \
    NAME() = default;                                                                             \
    TDSL_QUIET NAME(PARAMETERS) : INITIALISERS {}                                                 \
    TDSL_OUTLINE NAME(const NAME& other) {                                                        \
      tdsl_emulator::access(&other, BYTES, tdsl_emulator::LOAD, __builtin_return_address(0));     \
      __builtin_memcpy((void*)this, (const void*)&other, BYTES);                                  \
    }                                                                                             \
    TDSL_OUTLINE NAME& operator=(const NAME& other) {                                             \
      tdsl_emulator::access(&other, BYTES, tdsl_emulator::LOAD, __builtin_return_address(0));     \
      tdsl_emulator::access(this, BYTES, tdsl_emulator::STORE, __builtin_return_address(0));      \
      __builtin_memcpy((void*)this, (const void*)&other, BYTES);                                  \
      return *this;                                                                               \
    }                                                                                             \
  };                                                                                              \
  TDSL_QUIET static inline NAME make_##NAME(PARAMETERS) { return NAME(ARGUMENTS); }
#define TDSL_COMMA ,
#define TDSL_VECTOR2(TYPE, NAME)                                                                                   \
  TDSL_VECTOR(TYPE, NAME, 2 * sizeof(TYPE), x TDSL_COMMA y, TYPE a TDSL_COMMA TYPE b, x(a) TDSL_COMMA y(b),        \
              a TDSL_COMMA b)
#define TDSL_VECTOR4(TYPE, NAME)                                                                                   \
  TDSL_VECTOR(TYPE, NAME, 4 * sizeof(TYPE), x TDSL_COMMA y TDSL_COMMA z TDSL_COMMA w,                              \
              TYPE a TDSL_COMMA TYPE b TDSL_COMMA TYPE c TDSL_COMMA TYPE d,                                        \
              x(a) TDSL_COMMA y(b) TDSL_COMMA z(c) TDSL_COMMA w(d), a TDSL_COMMA b TDSL_COMMA c TDSL_COMMA d)

TDSL_VECTOR2(signed char, char2)
TDSL_VECTOR4(signed char, char4)
TDSL_VECTOR2(unsigned char, uchar2)
TDSL_VECTOR4(unsigned char, uchar4)
TDSL_VECTOR2(short, short2)
TDSL_VECTOR4(short, short4)
TDSL_VECTOR2(unsigned short, ushort2)
TDSL_VECTOR4(unsigned short, ushort4)
TDSL_VECTOR2(int, int2)
TDSL_VECTOR4(int, int4)
TDSL_VECTOR2(unsigned int, uint2)
TDSL_VECTOR4(unsigned int, uint4)
TDSL_VECTOR2(long long, longlong2)
TDSL_VECTOR2(unsigned long long, ulonglong2)
TDSL_VECTOR2(float, float2)
TDSL_VECTOR4(float, float4)
TDSL_VECTOR2(double, double2)

// ---- lanes of a warp
namespace tdsl_emulator {

template <class T>
TDSL_QUIET T shuffled(unsigned mask, T value, unsigned source, const char* file, int line, int place) {
  static_assert(sizeof(T) <= 8, "a shuffle moves at most 8 bytes");
  T result;
  exchange(mask, file, line, place, &value, &result, sizeof(T), source & 31);
  return result;
}
// The rules of PTX's shfl for parts of `width` lanes: a lane whose source lies outside of its part keeps its own value.
TDSL_QUIET static inline unsigned lane_xor(unsigned bits, unsigned width = 32) {
  unsigned own = lane(), source = own ^ bits;
  return (source | (width - 1)) <= (own | (width - 1)) ? source : own;
}
TDSL_QUIET static inline unsigned lane_down(unsigned delta, unsigned width = 32) {
  unsigned own = lane();
  return (own & (width - 1)) + delta < width ? own + delta : own;
}
TDSL_QUIET static inline unsigned lane_up(unsigned delta, unsigned width = 32) {
  unsigned own = lane();
  return (own & (width - 1)) >= delta ? own - delta : own;
}
TDSL_QUIET static inline unsigned lane_at(unsigned index, unsigned width = 32) {
  return (lane() & ~(width - 1)) | (index & (width - 1));
}

}  // namespace tdsl_emulator

#define __shfl_xor_sync(mask, value, ...) \
  tdsl_emulator::shuffled(mask, value, tdsl_emulator::lane_xor(__VA_ARGS__), TDSL_HERE)
#define __shfl_down_sync(mask, value, ...) \
  tdsl_emulator::shuffled(mask, value, tdsl_emulator::lane_down(__VA_ARGS__), TDSL_HERE)
#define __shfl_up_sync(mask, value, ...) \
  tdsl_emulator::shuffled(mask, value, tdsl_emulator::lane_up(__VA_ARGS__), TDSL_HERE)
#define __shfl_sync(mask, value, ...) \
  tdsl_emulator::shuffled(mask, value, tdsl_emulator::lane_at(__VA_ARGS__), TDSL_HERE)
#define __ballot_sync(mask, holds) tdsl_emulator::vote(mask, holds, TDSL_HERE)
#define __any_sync(mask, holds) (tdsl_emulator::vote(mask, holds, TDSL_HERE) != 0)
#define __all_sync(mask, holds) (tdsl_emulator::vote(mask, !(holds), TDSL_HERE) == 0)

// ---- atomics: one fiber runs at a time, so reading and writing is one step
#define TDSL_ATOMIC(NAME, RESULT)                                                                          \
  template <class T, class V>                                                                              \
  TDSL_OUTLINE T NAME(T* place, V given) {                                                                 \
    tdsl_emulator::access(place, sizeof(T), tdsl_emulator::ATOMIC, __builtin_return_address(0));           \
    T value = (T)given, old = *place;                                                                      \
    (void)value;                                                                                           \
    *place = RESULT;                                                                                       \
    return old;                                                                                            \
  }
TDSL_ATOMIC(atomicAdd, old + value)
TDSL_ATOMIC(atomicSub, old - value)
TDSL_ATOMIC(atomicMin, value < old ? value : old)
TDSL_ATOMIC(atomicMax, value > old ? value : old)
TDSL_ATOMIC(atomicAnd, old& value)
TDSL_ATOMIC(atomicOr, old | value)
TDSL_ATOMIC(atomicXor, old ^ value)
TDSL_ATOMIC(atomicExch, value)
template <class T>
TDSL_OUTLINE T atomicCAS(T* place, T expected, T value) {
  tdsl_emulator::access(place, sizeof(T), tdsl_emulator::ATOMIC, __builtin_return_address(0));
  T old = *place;
  if (old == expected) *place = value;
  return old;
}

// ---- functions: IEEE operations only
#define TDSL_INLINE TDSL_QUIET static inline
TDSL_INLINE float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
TDSL_INLINE double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
TDSL_INLINE float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
TDSL_INLINE double __fma_rn(double a, double b, double c) { return __builtin_fma(a, b, c); }
TDSL_INLINE float __fadd_rn(float a, float b) { return a + b; }
TDSL_INLINE float __fsub_rn(float a, float b) { return a - b; }
TDSL_INLINE float __fmul_rn(float a, float b) { return a * b; }
TDSL_INLINE float __fdiv_rn(float a, float b) { return a / b; }
TDSL_INLINE double __dadd_rn(double a, double b) { return a + b; }
TDSL_INLINE double __dsub_rn(double a, double b) { return a - b; }
TDSL_INLINE double __dmul_rn(double a, double b) { return a * b; }
TDSL_INLINE double __ddiv_rn(double a, double b) { return a / b; }
TDSL_INLINE float __fsqrt_rn(float a) { return __builtin_sqrtf(a); }
TDSL_INLINE double __dsqrt_rn(double a) { return __builtin_sqrt(a); }
#define TDSL_FUNCTION(NAME)                                                 \
  TDSL_INLINE float NAME##f(float a) { return __builtin_##NAME##f(a); }     \
  TDSL_INLINE double NAME(double a) { return __builtin_##NAME(a); }
TDSL_FUNCTION(sqrt)
TDSL_FUNCTION(fabs)
TDSL_FUNCTION(floor)
TDSL_FUNCTION(ceil)
TDSL_FUNCTION(trunc)
TDSL_FUNCTION(rint)
TDSL_INLINE float fminf(float a, float b) { return __builtin_fminf(a, b); }
TDSL_INLINE float fmaxf(float a, float b) { return __builtin_fmaxf(a, b); }
TDSL_INLINE double fmin(double a, double b) { return __builtin_fmin(a, b); }
TDSL_INLINE double fmax(double a, double b) { return __builtin_fmax(a, b); }
TDSL_INLINE float copysignf(float a, float b) { return __builtin_copysignf(a, b); }
TDSL_INLINE double copysign(double a, double b) { return __builtin_copysign(a, b); }
#define TDSL_LEAST(TYPE)                                             \
  TDSL_INLINE TYPE min(TYPE a, TYPE b) { return b < a ? b : a; }     \
  TDSL_INLINE TYPE max(TYPE a, TYPE b) { return a < b ? b : a; }
TDSL_LEAST(int)
TDSL_LEAST(unsigned int)
TDSL_LEAST(long long)
TDSL_LEAST(unsigned long long)
#define TDSL_BITS(NAME, FROM, TO)           \
  TDSL_INLINE TO NAME(FROM value) {         \
    TO bits;                                \
    __builtin_memcpy(&bits, &value, sizeof bits); \
    return bits;                            \
  }
TDSL_BITS(__int_as_float, int, float)
TDSL_BITS(__float_as_int, float, int)
TDSL_BITS(__uint_as_float, unsigned int, float)
TDSL_BITS(__float_as_uint, float, unsigned int)
TDSL_BITS(__longlong_as_double, long long, double)
TDSL_BITS(__double_as_longlong, double, long long)
TDSL_INLINE int __popc(unsigned int value) { return __builtin_popcount(value); }
TDSL_INLINE int __popcll(unsigned long long value) { return __builtin_popcountll(value); }
TDSL_INLINE int __clz(int value) { return value ? __builtin_clz((unsigned)value) : 32; }
TDSL_INLINE int __clzll(long long value) { return value ? __builtin_clzll((unsigned long long)value) : 64; }
TDSL_INLINE int __ffs(int value) { return __builtin_ffs(value); }
TDSL_INLINE int __ffsll(long long value) { return __builtin_ffsll(value); }
TDSL_INLINE int __mulhi(int a, int b) { return (int)(((long long)a * b) >> 32); }
TDSL_INLINE unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((unsigned long long)a * b) >> 32); }
template <class T>
TDSL_OUTLINE T __ldg(const T* place) {
  tdsl_emulator::access(place, sizeof(T), tdsl_emulator::LOAD, __builtin_return_address(0));
  T value;
  __builtin_memcpy((void*)&value, (const void*)place, sizeof(T));
  return value;
}

// ---- binary16, which on the device is inline PTX (IEEE 754 5.4.2: exact up, round to nearest even down)
TDSL_INLINE float tdsl_half_to_float(unsigned short half) {
  unsigned sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, fraction = half & 0x3ffu;
  if (exponent == 31) return __uint_as_float(sign | 0x7f800000u | fraction << 13 | (fraction ? 0x400000u : 0));
  if (exponent == 0) return __uint_as_float(sign | __float_as_uint((float)fraction * 0x1p-24f));
  return __uint_as_float(sign | (exponent + 112) << 23 | fraction << 13);
}
TDSL_INLINE unsigned short tdsl_float_to_half(float value) {
  unsigned bits = __float_as_uint(value), sign = bits >> 16 & 0x8000u, size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) return 0x7fff;             // PTX's cvt gives its one NaN
  if (size >= 0x477ff000u) return sign | 0x7c00;     // from 65520 on: infinity
  if (size >= 0x38800000u) return sign | ((size + 0xfffu + (size >> 13 & 1) - 0x38000000u) >> 13);
  return sign | (unsigned short)(int)__builtin_rintf(__uint_as_float(size) * 0x1p24f);
}
