// What NVRTC and the GPU give to every kernel, for clang without CUDA's headers.
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __restrict__ __restrict

struct ThreadIndex { __declspec(property(get = read)) unsigned x; __device__ static unsigned read() { return __nvvm_read_ptx_sreg_tid_x(); } };
struct BlockIndex { __declspec(property(get = read)) unsigned x; __device__ static unsigned read() { return __nvvm_read_ptx_sreg_ctaid_x(); } };
struct BlockSize { __declspec(property(get = read)) unsigned x; __device__ static unsigned read() { return __nvvm_read_ptx_sreg_ntid_x(); } };
extern __device__ const ThreadIndex threadIdx;
extern __device__ const BlockIndex blockIdx;
extern __device__ const BlockSize blockDim;

__device__ __forceinline__ float __uint_as_float(unsigned bits) { return __builtin_bit_cast(float, bits); }
__device__ __forceinline__ unsigned __float_as_uint(float value) { return __builtin_bit_cast(unsigned, value); }
__device__ __forceinline__ float __shfl_xor_sync(unsigned lanes, float value, int other) { return __nvvm_shfl_sync_bfly_f32(lanes, value, other, 0x1f); }
__device__ __forceinline__ float fmaxf(float a, float b) { return __builtin_fmaxf(a, b); }
__device__ __forceinline__ float fminf(float a, float b) { return __builtin_fminf(a, b); }
__device__ __forceinline__ float rintf(float value) { return __builtin_rintf(value); }
__device__ __forceinline__ float sqrtf(float value) { return __builtin_sqrtf(value); }
__device__ __forceinline__ float rsqrtf(float value) { return __nvvm_rsqrt_approx_f(value); }
