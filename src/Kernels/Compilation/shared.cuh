// In front of every kernel. No header is needed, so that NVRTC alone compiles it.
typedef unsigned short bf16;
struct __align__(16) Eight { bf16 v[8]; };
struct __align__(8) EightBytes { unsigned char v[8]; };
struct __align__(16) Four { float v[4]; };

__device__ __forceinline__ float widen(bf16 value) { return __uint_as_float((unsigned)value << 16); }

// Nearest, ties to even, as libtorch rounds.
__device__ __forceinline__ bf16 rounded(float value)
{
    unsigned bits = __float_as_uint(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fc0;
    return (bf16)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Up to eight neighbours from place at; one 16-byte access where the row allows it.
__device__ __forceinline__ void load(const bf16* row, int at, int count, bool wide, float* out)
{
    if (wide && count == 8)
    {
        Eight eight = *(const Eight*)(row + at);
        #pragma unroll
        for (int i = 0; i < 8; i++) out[i] = widen(eight.v[i]);
        return;
    }
    for (int i = 0; i < count; i++) out[i] = widen(row[at + i]);
}

__device__ __forceinline__ void store(bf16* row, int at, int count, bool wide, const float* values)
{
    if (wide && count == 8)
    {
        Eight eight;
        #pragma unroll
        for (int i = 0; i < 8; i++) eight.v[i] = rounded(values[i]);
        *(Eight*)(row + at) = eight;
        return;
    }
    for (int i = 0; i < count; i++) row[at + i] = rounded(values[i]);
}

// The same of float32: two 16-byte accesses. Also for shared memory, where single words would meet in the same banks.
__device__ __forceinline__ void load(const float* row, int at, int count, bool wide, float* out)
{
    if (wide && count == 8)
    {
        Four low = *(const Four*)(row + at), high = *(const Four*)(row + at + 4);
        #pragma unroll
        for (int i = 0; i < 8; i++) out[i] = i < 4 ? low.v[i] : high.v[i - 4];
        return;
    }
    for (int i = 0; i < count; i++) out[i] = row[at + i];
}

__device__ __forceinline__ void hold(float* row, int at, int count, const float* values)
{
    if (count == 8)
    {
        Four low, high;
        #pragma unroll
        for (int i = 0; i < 4; i++) { low.v[i] = values[i]; high.v[i] = values[i + 4]; }
        *(Four*)(row + at) = low;
        *(Four*)(row + at + 4) = high;
        return;
    }
    for (int i = 0; i < count; i++) row[at + i] = values[i];
}

#ifndef LOCUTOR_HOST
// float8 e4m3, nearest even, saturating; Hopper and Ada only.
__device__ __forceinline__ unsigned char float8(float value)
{
    unsigned short pair = 0;
#if __CUDA_ARCH__ >= 890
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(0.0f), "f"(value));
#else
    __trap();
#endif
    return (unsigned char)(pair & 0xff);
}
#endif

__device__ __forceinline__ unsigned char int8(float value)
{
    float whole = rintf(value);
    return (unsigned char)(signed char)(int)fminf(fmaxf(whole, -127.0f), 127.0f);
}

// How values leave: as bfloat16, or as one byte each beside a scale of their row.
enum Format { AsBFloat16 = 0, AsFloat8 = 1, AsInt8 = 2 };

__device__ __forceinline__ void store_bytes(unsigned char* row, int at, int count, bool wide, const float* values, float inverse, int format)
{
    EightBytes eight;
    #pragma unroll
    for (int i = 0; i < 8; i++)
        if (i < count) eight.v[i] = format == AsFloat8 ? float8(values[i] * inverse) : int8(values[i] * inverse);
    if (wide && count == 8) *(EightBytes*)(row + at) = eight;
    else for (int i = 0; i < count; i++) row[at + i] = eight.v[i];
}

__device__ __forceinline__ float warp_sum(float value)
{
    #pragma unroll
    for (int lane = 16; lane > 0; lane >>= 1) value += __shfl_xor_sync(0xffffffffu, value, lane);
    return value;
}

__device__ __forceinline__ float warp_max(float value)
{
    #pragma unroll
    for (int lane = 16; lane > 0; lane >>= 1) value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, lane));
    return value;
}

// Over all threads of the block, whose number is a multiple of 32; every thread has the answer.
template <bool LARGEST>
__device__ __forceinline__ float block_reduced(float value)
{
    __shared__ float partial[32];
    __syncthreads(); // the last reduction may still be read
    value = LARGEST ? warp_max(value) : warp_sum(value);
    int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    if (lane == 0) partial[warp] = value;
    __syncthreads();
    float all = lane < warps ? partial[lane] : 0.0f; // 0 is neutral: what is compared are magnitudes
    return LARGEST ? warp_max(all) : warp_sum(all);
}

// The scale of a row from its largest magnitude; the row is multiplied by *inverse.
__device__ __forceinline__ float row_scale(float largest, int format, float* inverse)
{
    float limit = format == AsFloat8 ? 448.0f : 127.0f;
    float bounded = fmaxf(largest, 1e-12f);
    *inverse = limit / bounded;
    return bounded / limit;
}

// Writes a row that lies in shared memory, as its format says.
__device__ __forceinline__ void store_row(const float* row, int width, void* out, float* scales, long long index, bool wide, int format, float largest)
{
    float inverse = 1.0f;
    if (format != AsBFloat16)
    {
        float scale = row_scale(largest, format, &inverse);
        if (threadIdx.x == 0) scales[index] = scale;
    }
    for (int at = threadIdx.x * 8; at < width; at += blockDim.x * 8)
    {
        int count = min(8, width - at);
        float values[8];
        load(row, at, count, true, values);
        if (format == AsBFloat16) store((bf16*)out + index * width, at, count, wide, values);
        else store_bytes((unsigned char*)out + index * width, at, count, wide, values, inverse, format);
    }
}
