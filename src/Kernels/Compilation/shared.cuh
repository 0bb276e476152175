// Declarations that precede every kernel, after its constants. They need no CUDA headers, so NVRTC compiles them without a CUDA toolkit, for compute
// capability 7.5 and later. Kernels compute in float32. Their numbers in memory (half16) are bfloat16, or float16 with FLOAT16.
typedef unsigned short half16;
struct __align__(16) Eight { unsigned pair[4]; }; // eight half16, two in each word, the first in the lower half
struct __align__(8) EightBytes { unsigned four[2]; };
struct __align__(16) Four { float v[4]; };

// Formats in which a kernel writes its values: half16, or one byte for each value and a scale for each row.
#define AS_HALF 0
#define AS_FLOAT8 1
#define AS_INT8 2

#ifndef LOCUTOR_HOST // a test compiles the kernels for the CPU with its own versions of these five functions
// Loads values of a row. A row is read once, so it is not kept in the first-level cache, which holds the parameters that all rows share.
__device__ __forceinline__ Eight streamed(const Eight* from)
{
    Eight eight;
    asm("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(eight.pair[0]), "=r"(eight.pair[1]), "=r"(eight.pair[2]), "=r"(eight.pair[3]) : "l"(from));
    return eight;
}

// One instruction each, with a relative error of about 2^-22, far below the 2^-9 of bfloat16 and the 2^-11 of float16.
__device__ __forceinline__ float power_of_two(float value) { float y; asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(value)); return y; }
__device__ __forceinline__ float reciprocal(float value) { float y; asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(value)); return y; }

__device__ __forceinline__ float from_float16(half16 value) { float y; asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(value)); return y; }
__device__ __forceinline__ half16 to_float16(float value) { half16 y; asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(value)); return y; }
#endif

#if FLOAT16
__device__ __forceinline__ float wide(half16 value) { return from_float16(value); }
__device__ __forceinline__ float first(unsigned pair) { return from_float16((half16)pair); }
__device__ __forceinline__ float second(unsigned pair) { return from_float16((half16)(pair >> 16)); }
__device__ __forceinline__ unsigned rounded(float low, float high) { return to_float16(low) | (unsigned)to_float16(high) << 16; }
#else
__device__ __forceinline__ float wide(half16 value) { return __uint_as_float((unsigned)value << 16); }
__device__ __forceinline__ float first(unsigned pair) { return __uint_as_float(pair << 16); }
__device__ __forceinline__ float second(unsigned pair) { return __uint_as_float(pair & 0xffff0000u); }

// Rounds to nearest, ties to even, like libtorch.
#if __CUDA_ARCH__ >= 800
__device__ __forceinline__ unsigned rounded(float low, float high)
{
    unsigned pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}
#else
__device__ __forceinline__ unsigned rounded(float value)
{
    unsigned bits = __float_as_uint(value);
    return (bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

__device__ __forceinline__ unsigned rounded(float low, float high) { return rounded(low) | rounded(high) << 16; }
#endif
#endif

// Returns the larger magnitudes of two pairs of magnitudes. NaN is larger than every number, as its bits are in both types.
__device__ __forceinline__ unsigned larger(unsigned a, unsigned b)
{
#if __CUDA_ARCH__ >= 800
    unsigned pair;
#if FLOAT16
    asm("max.NaN.f16x2 %0, %1, %2;" : "=r"(pair) : "r"(a), "r"(b));
#else
    asm("max.NaN.bf16x2 %0, %1, %2;" : "=r"(pair) : "r"(a), "r"(b));
#endif
    return pair;
#else
    unsigned low = (a & 0xffffu) > (b & 0xffffu) ? a & 0xffffu : b & 0xffffu, high = (a >> 16) > (b >> 16) ? a >> 16 : b >> 16;
    return low | high << 16;
#endif
}

__device__ __forceinline__ void widen(const Eight& eight, float* out)
{
    #pragma unroll
    for (int i = 0; i < 4; i++) { out[2 * i] = first(eight.pair[i]); out[2 * i + 1] = second(eight.pair[i]); }
}

__device__ __forceinline__ Eight rounded(const float* values)
{
    Eight eight;
    #pragma unroll
    for (int i = 0; i < 4; i++) eight.pair[i] = rounded(values[2 * i], values[2 * i + 1]);
    return eight;
}

__device__ __forceinline__ void load(const half16* from, float* out) { widen(*(const Eight*)from, out); }

__device__ __forceinline__ void load(const float* from, float* out)
{
    Four low = *(const Four*)from, high = *(const Four*)(from + 4);
    #pragma unroll
    for (int i = 0; i < 4; i++) { out[i] = low.v[i]; out[i + 4] = high.v[i]; }
}

__device__ __forceinline__ void store(half16* to, const float* values) { *(Eight*)to = rounded(values); }

#ifdef WIDTH
// A row of WIDTH values is in the registers of LANES neighbouring threads. Each thread has VECTORS vectors; vector k has the eight values from
// place(k, lane) on. With WIDE, the vectors cover the row exactly and are aligned to 16 bytes. Otherwise values are loaded and stored one by one, and
// those beyond the end of the row are 0.
#define WARPS ((LANES + 31) / 32)
#define RESIDENT (LANES < 36 ? 32 : LANES > 1152 ? 1 : 1152 / LANES) // blocks on a multiprocessor, so that loads of some blocks overlap with sums of others; leaves 56 registers for each thread

__device__ __forceinline__ int place(int k, int lane) { return (k * LANES + lane) * 8; }

// Loads eight parameters, which all rows share, so they stay in the first-level cache. rest: number of parameters from this address to the last one.
template <class T> __device__ __forceinline__ void parameters(const T* from, int rest, float* out)
{
#if WIDE
    load(from, out);
#else
    #pragma unroll
    for (int i = 0; i < 8; i++) out[i] = i >= rest ? 0.0f : sizeof(T) == 2 ? wide(*(const half16*)(from + i)) : *(const float*)(from + i);
#endif
}

// Makes the compiler widen the pairs again for the next sum. Otherwise it would keep the widened values from one sum to the next and run out of
// registers.
__device__ __forceinline__ void forget_widened(Eight* held)
{
#ifndef LOCUTOR_HOST
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
        #pragma unroll
        for (int i = 0; i < 4; i++) asm("" : "+r"(held[k].pair[i]));
#endif
}

__device__ __forceinline__ void load_row(const half16* row, int lane, Eight* held)
{
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
    {
        int at = place(k, lane);
#if WIDE
        held[k] = streamed((const Eight*)(row + at));
#else
        #pragma unroll
        for (int i = 0; i < 4; i++)
        {
            unsigned low = at + 2 * i < WIDTH ? row[at + 2 * i] : 0, high = at + 2 * i + 1 < WIDTH ? row[at + 2 * i + 1] : 0;
            held[k].pair[i] = low | high << 16;
        }
#endif
    }
}

__device__ __forceinline__ void store_row(half16* row, int lane, const Eight* held)
{
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
    {
        int at = place(k, lane);
#if WIDE
        *(Eight*)(row + at) = held[k];
#else
        #pragma unroll
        for (int i = 0; i < 8; i++) if (at + i < WIDTH) row[at + i] = (half16)(held[k].pair[i / 2] >> 16 * (i % 2));
#endif
    }
}

// Returns the larger of two magnitudes. NaN is larger than every number, so the scale of a row with NaN is NaN.
__device__ __forceinline__ float larger(float a, float b) { return __float_as_uint(a) > __float_as_uint(b) ? a : b; }

// Returns the sum or the largest value over the lanes of a row to every lane. Each USE has its own shared memory, so one barrier is enough.
template <int USE, bool LARGEST> __device__ __forceinline__ float over_row(float value)
{
    #pragma unroll
    for (int step = (LANES < 32 ? LANES : 32) / 2; step > 0; step >>= 1)
    {
        float other = __shfl_xor_sync(0xffffffffu, value, step);
        value = LARGEST ? larger(value, other) : value + other;
    }
#if WARPS > 1
    __shared__ float partial[WARPS];
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
    __syncthreads();
    value = partial[0];
    #pragma unroll
    for (int warp = 1; warp < WARPS; warp++) value = LARGEST ? larger(value, partial[warp]) : value + partial[warp];
#endif
    return value;
}

__device__ __forceinline__ float row_squares(const Eight* held)
{
    float even = 0.0f, odd = 0.0f;
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
        #pragma unroll
        for (int i = 0; i < 4; i++)
        {
            float a = first(held[k].pair[i]), b = second(held[k].pair[i]);
            even += a * a;
            odd += b * b;
        }
    return over_row<0, false>(even + odd);
}

#if FORMAT == AS_FLOAT8
// Converts to float8 e4m3: nearest, ties to even, saturating. Capability 8.9 has an instruction; the code for other capabilities gives equal bytes.
__device__ __forceinline__ unsigned four_bytes(float a, float b, float c, float d)
{
#if __CUDA_ARCH__ >= 890
    unsigned short low, high;
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(low) : "f"(b), "f"(a));
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(high) : "f"(d), "f"(c));
    return low | (unsigned)high << 16;
#else
    float values[4] = {a, b, c, d};
    unsigned bytes = 0;
    #pragma unroll
    for (int i = 0; i < 4; i++)
    {
        unsigned bits = __float_as_uint(values[i]), magnitude = bits & 0x7fffffffu, byte;
        if (magnitude > 0x7f800000u) byte = 0x7f;
        else if (magnitude >= 0x43e00000u) byte = 0x7e; // 448 and above
        else if (magnitude < 0x3c800000u) byte = (unsigned)rintf(__uint_as_float(magnitude) * 512.0f); // below 2^-6: steps of 2^-9
        else byte = ((magnitude + 0x7ffffu + ((magnitude >> 20) & 1u)) >> 20) - (120u << 3); // 3 bits of mantissa; the exponent's bias is 7 for 127
        bytes |= (byte | (bits >> 24 & 0x80u)) << 8 * i;
    }
    return bytes;
#endif
}
#elif FORMAT == AS_INT8
__device__ __forceinline__ unsigned int8(float value) { return (unsigned char)(signed char)(int)fminf(fmaxf(rintf(value), -127.0f), 127.0f); }
__device__ __forceinline__ unsigned four_bytes(float a, float b, float c, float d) { return int8(a) | int8(b) << 8 | int8(c) << 16 | int8(d) << 24; }
#endif

// Writes row `index` of a contiguous output in the format FORMAT.
__device__ __forceinline__ void deliver(const Eight* held, int lane, long long index, void* out, float* scales)
{
#if FORMAT == AS_HALF
    store_row((half16*)out + index * WIDTH, lane, held);
#else
    unsigned magnitudes = 0;
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
        #pragma unroll
        for (int i = 0; i < 4; i++) magnitudes = larger(magnitudes, held[k].pair[i] & 0x7fff7fffu);
    const float limit = FORMAT == AS_FLOAT8 ? 448.0f : 127.0f;
    float largest = larger(over_row<1, true>(larger(first(magnitudes), second(magnitudes))), 1e-12f), inverse = limit / largest;
    if (lane == 0) scales[index] = largest / limit;
    unsigned char* row = (unsigned char*)out + index * WIDTH;
    #pragma unroll
    for (int k = 0; k < VECTORS; k++)
    {
        int at = place(k, lane);
        float values[8];
        widen(held[k], values);
        #pragma unroll
        for (int i = 0; i < 8; i++) values[i] *= inverse;
        EightBytes bytes;
        bytes.four[0] = four_bytes(values[0], values[1], values[2], values[3]);
        bytes.four[1] = four_bytes(values[4], values[5], values[6], values[7]);
#if WIDE
        *(EightBytes*)(row + at) = bytes;
#else
        #pragma unroll
        for (int i = 0; i < 8; i++) if (at + i < WIDTH) row[at + i] = (unsigned char)(bytes.four[i / 4] >> 8 * (i % 4));
#endif
    }
#endif
}
#endif
