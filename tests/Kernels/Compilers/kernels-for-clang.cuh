// What NVRTC and the GPU give to every kernel, for clang without CUDA's headers.
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __restrict__ __restrict
#define __grid_constant__ __attribute__((grid_constant))

struct ThreadIndex { __declspec(property(get = read)) unsigned x; __device__ static unsigned read() { return __nvvm_read_ptx_sreg_tid_x(); } };
struct BlockIndex { __declspec(property(get = read)) unsigned x; __device__ static unsigned read() { return __nvvm_read_ptx_sreg_ctaid_x(); } };
struct BlockSize { __declspec(property(get = read)) unsigned x; __device__ static unsigned read() { return __nvvm_read_ptx_sreg_ntid_x(); } };
struct GridSize { __declspec(property(get = read)) unsigned x; __device__ static unsigned read() { return __nvvm_read_ptx_sreg_nctaid_x(); } };
extern __device__ const ThreadIndex threadIdx;
extern __device__ const BlockIndex blockIdx;
extern __device__ const BlockSize blockDim;
extern __device__ const GridSize gridDim;

__device__ __forceinline__ float __uint_as_float(unsigned bits) { return __builtin_bit_cast(float, bits); }
__device__ __forceinline__ unsigned __float_as_uint(float value) { return __builtin_bit_cast(unsigned, value); }
__device__ __forceinline__ float __shfl_xor_sync(unsigned lanes, float value, int other) { return __nvvm_shfl_sync_bfly_f32(lanes, value, other, 0x1f); }
__device__ __forceinline__ float fmaxf(float a, float b) { return __builtin_fmaxf(a, b); }
__device__ __forceinline__ float fminf(float a, float b) { return __builtin_fminf(a, b); }
__device__ __forceinline__ float rintf(float value) { return __builtin_rintf(value); }
__device__ __forceinline__ float sqrtf(float value) { return __builtin_sqrtf(value); }
__device__ __forceinline__ float rsqrtf(float value) { return __nvvm_rsqrt_approx_f(value); }
__device__ __forceinline__ float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
__device__ __forceinline__ unsigned __shfl_xor_sync(unsigned lanes, unsigned value, int other) { return __nvvm_shfl_sync_bfly_i32(lanes, value, other, 0x1f); }
__device__ __forceinline__ unsigned __shfl_sync(unsigned lanes, unsigned value, int from) { return __nvvm_shfl_sync_idx_i32(lanes, value, from, 0x1f); }
__device__ __forceinline__ bool __any_sync(unsigned lanes, bool value) { return __nvvm_vote_any_sync(lanes, value); }
__device__ __forceinline__ unsigned __byte_perm(unsigned a, unsigned b, unsigned bytes) { return __nvvm_prmt(a, b, bytes); }
__device__ __forceinline__ unsigned atomicMax(unsigned* at, unsigned value) { return __atomic_fetch_max(at, value, __ATOMIC_RELAXED); }
__device__ __forceinline__ unsigned __dp4a(unsigned a, unsigned b, unsigned sum)
{
    for (int i = 0; i < 32; i += 8) sum += (a >> i & 0xffu) * (b >> i & 0xffu);
    return sum;
}
