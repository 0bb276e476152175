// What NVRTC and the GPU give to every kernel, and the instructions of shared.cuh, as plain C++: one thread of a block at a time, so that a row is
// held by one lane and nothing is exchanged.
#define LOCUTOR_HOST
#define __global__
#define __device__
#define __shared__ static
#define __forceinline__ inline
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...)
#define __restrict__ __restrict

struct Index { unsigned x; };
extern "C" { Index threadIdx, blockIdx, blockDim; }

inline float __uint_as_float(unsigned bits) { return __builtin_bit_cast(float, bits); }
inline unsigned __float_as_uint(float value) { return __builtin_bit_cast(unsigned, value); }
inline float __shfl_xor_sync(unsigned, float, int) { __builtin_trap(); }
inline void __syncthreads() { __builtin_trap(); }
inline float fmaxf(float a, float b) { return __builtin_fmaxf(a, b); }
inline float fminf(float a, float b) { return __builtin_fminf(a, b); }
inline float rintf(float value) { return __builtin_rintf(value); }
inline float sqrtf(float value) { return __builtin_sqrtf(value); }
inline float rsqrtf(float value) { return 1.0f / __builtin_sqrtf(value); }

template <class T> inline T streamed(const T* from) { return *from; }
inline float power_of_two(float value) { return __builtin_exp2f(value); }
inline float reciprocal(float value) { return 1.0f / value; }
inline float from_float16(unsigned short value) { return (float)__builtin_bit_cast(_Float16, value); }
inline unsigned short to_float16(float value) { return __builtin_bit_cast(unsigned short, (_Float16)value); }
