// Sizes of EightBitAttention.cu, and the computations of its threads between the matrix products: weights, sums and shares of weights.
#define HEAD 128
#define BLOCK_BYTES (128 * HEAD) // the bytes of 128 keys, or of the values of 128 keys
#define BLOCKS 2                 // blocks of 128 keys in a tile
#define KEYS (128 * BLOCKS)
#define STAGES 2
#define TILE_BYTES (2 * BLOCKS * BLOCK_BYTES) // keys, then values
#define WARPGROUPS 2
#define CONSUMERS (128 * WARPGROUPS)
#define QUERY_BYTES (64 * HEAD)
#define KEY_SCALES (BLOCKS * 16)
#define SCALES (KEY_SCALES + HEAD)

// The state of the two rows of a thread, r = 0 and 1, which are eight rows apart. Of every eight columns a thread has two, e = 0 and 1:
// sums[4 j + 2 r + e] belongs to column 8 j + 2 (thread % 4) + e. Sums of scores have the same order.
struct State
{
    float sums[64];     // sums of weights times values, divided by 2^reference
    float total[2];     // sums of weights over this thread's columns, divided by 2^reference
    float reference[2];
    float scale[2];     // scales of the queries
};

__device__ __forceinline__ int larger(int a, int b) { return a > b ? a : b; }

// If one value is NaN, the result is NaN, unlike that of fmaxf.
__device__ __forceinline__ float larger(float a, float b) { float y; asm("max.NaN.f32 %0, %1, %2;" : "=f"(y) : "f"(a), "f"(b)); return y; }

// Finds the largest score of each row in this thread's columns of one block, before the scale of the queries is applied.
__device__ __forceinline__ void find(const int* sums, const float* scale, float* largest)
{
    #pragma unroll
    for (int r = 0; r < 2; r++)
        #pragma unroll
        for (int a = 0; a < 4; a++)
        {
            const int* s = sums + 16 * a + 2 * r;
            float value = (float)larger(larger(larger(larger(larger(larger(larger(s[0], s[1]), s[4]), s[5]), s[8]), s[9]), s[12]), s[13]) * scale[a];
            largest[r] = a == 0 ? value : larger(largest[r], value);
        }
}

// Rounds two numbers to float16. float16 numbers below 2^-14 are subnormal: for 0 to 255 times 2^-24, their bits are the rounded integer.
__device__ __forceinline__ unsigned halves(float low, float high)
{
    unsigned pair;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}

// Computes the weights of a block from its scores, four bytes in each word. offset: log2(255 * 2^-24) minus the largest score. keys: number of valid
// keys.
__device__ __forceinline__ void soften(const int* sums, const float* key_scale, const float* query_scale, const float* offset, int keys, unsigned* weights)
{
    #pragma unroll
    for (int i = 0; i < 8; i++)
        #pragma unroll
        for (int r = 0; r < 2; r++)
        {
            float scale = key_scale[i / 2] * query_scale[r];
            unsigned pairs[2];
            #pragma unroll
            for (int p = 0; p < 2; p++)
            {
                const int* s = sums + 8 * i + 4 * p + 2 * r;
                pairs[p] = halves(power_of_two(fmaf((float)s[0], scale, offset[r])), power_of_two(fmaf((float)s[1], scale, offset[r])));
            }
            weights[2 * i + r] = __byte_perm(pairs[0], pairs[1], 0x6420);
        }
    if (keys >= 128) return;
    #pragma unroll
    for (int i = 0; i < 8; i++)
    {
        int rest = keys - (16 * (i & ~1) + 8 * (int)(threadIdx.x % 4) + 4 * (i % 2));
        unsigned mask = rest >= 4 ? 0xffffffffu : rest <= 0 ? 0 : (1u << 8 * rest) - 1;
        weights[2 * i] &= mask;
        weights[2 * i + 1] &= mask;
    }
}

// float32 sums can grow to 2^60 times the reference, so the reference changes only at the first tile and if scores rise by more than 60.
__device__ __forceinline__ bool is_far(const float* largest, const State& state)
{
    return __any_sync(0xffffffffu, largest[0] > state.reference[0] + 60.0f || largest[1] > state.reference[1] + 60.0f);
}

__device__ __forceinline__ void move_reference(const float* largest, State& state)
{
    #pragma unroll
    for (int r = 0; r < 2; r++)
    {
        float higher = fmaxf(largest[r], state.reference[r]), less = power_of_two(state.reference[r] - higher);
        state.reference[r] = higher;
        state.total[r] *= less;
        #pragma unroll
        for (int j = 0; j < 16; j++)
        {
            state.sums[4 * j + 2 * r] *= less;
            state.sums[4 * j + 2 * r + 1] *= less;
        }
    }
}

// factor: 2^(largest score of the tile - reference) of each row. totals: sums of this thread's weights of the tile, where the largest of a row is 255.
__device__ __forceinline__ void add_weights(const unsigned (*weights)[16], const float* factor, State& state, float* totals)
{
    #pragma unroll
    for (int r = 0; r < 2; r++)
    {
        unsigned total = 0;
        #pragma unroll
        for (int b = 0; b < BLOCKS; b++)
            #pragma unroll
            for (int i = 0; i < 8; i++) total = __dp4a(weights[b][2 * i + r], 0x01010101u, total);
        totals[r] = (float)total;
        state.total[r] = fmaf(totals[r], factor[r], state.total[r]);
    }
}

__device__ __forceinline__ void add_sums(const int* sums, const float* value_scales, const float* factor, State& state)
{
    #pragma unroll
    for (int j = 0; j < 16; j += 2)
    {
        Four scale = *(const Four*)(value_scales + j * 8);
        #pragma unroll
        for (int k = 0; k < 4; k++)
            #pragma unroll
            for (int r = 0; r < 2; r++)
            {
                int i = 4 * (j + k / 2) + 2 * r + k % 2;
                state.sums[i] = fmaf((float)sums[i], factor[r] * scale.v[k], state.sums[i]);
            }
    }
}

// The sum over the four threads of a row.
__device__ __forceinline__ float over_row(float value)
{
    value += __shfl_xor_sync(0xffffffffu, value, 1);
    return value + __shfl_xor_sync(0xffffffffu, value, 2);
}

// Returns the binary logarithm of a row's weight: 2^reference times the sum over its threads.
__device__ __forceinline__ float logarithm(float reference, float sum)
{
    float y;
    asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(over_row(sum)));
    return reference + y;
}

// weights: logarithms of the weight of each tile in each row, two rows a word. whole: logarithms of the weight of all tiles. NaN becomes a share of NaN.
__device__ __forceinline__ void write_shares(const unsigned* weights, const float (*whole)[64], int tiles, float* shares)
{
    for (int t = threadIdx.x; t < tiles; t += CONSUMERS)
    {
        float most = -1e30f;
        for (int i = 0; i < 64; i++)
        {
            int at = (i + t) % 64; // neighbouring threads read different banks
            unsigned pair = weights[t * 64 + at];
            most = larger(most, larger(from_float16((half16)pair) - whole[0][at], from_float16((half16)(pair >> 16)) - whole[1][at]));
        }
        shares[t] = power_of_two(most);
    }
}

__device__ __forceinline__ void write(const State& state, half16* out, long long stride, int queries)
{
    int row = threadIdx.x % 128 / 32 * 16 + threadIdx.x % 32 / 4;
    #pragma unroll
    for (int r = 0; r < 2; r++)
    {
        float share = 1.0f / over_row(state.total[r]);
        if (row + 8 * r >= queries) continue;
        half16* to = out + (row + 8 * r) * stride + threadIdx.x % 4 * 2;
        #pragma unroll
        for (int j = 0; j < 16; j++) *(unsigned*)(to + 8 * j) = rounded(state.sums[4 * j + 2 * r] * share, state.sums[4 * j + 2 * r + 1] * share);
    }
}
