// Quantises heads of 128 channels to int8. The tiles have the layout in which matrix products read shared memory (see hopper.cuh), so that
// EightBitAttention.cu copies whole tiles. In: half16 x[batch, head, token, 128] with three strides. The last token is repeated to fill the last tile.
#define HEAD 128

__device__ __forceinline__ int swizzled(int row, int column) { return row * 128 + (((column >> 4) ^ (row & 7)) << 4) + (column & 15); }

// Magnitudes are compared as integers: NaN is larger than every number, so the scale and then the output become NaN.
__device__ __forceinline__ unsigned magnitude(float value) { return __float_as_uint(value) & 0x7fffffffu; }
__device__ __forceinline__ unsigned most(unsigned a, unsigned b) { return a > b ? a : b; }
#define LEAST 0x2b8cbcccu // 1e-12

// Adding 1.5 * 2^23 rounds to the nearest integer, ties to even, and leaves the integer in the lowest bits. Scaled values are at most 127.
__device__ __forceinline__ unsigned byte(float value, float scale) { return __float_as_uint(fmaf(value, scale, 12582912.0f)); }
__device__ __forceinline__ unsigned four(float a, float b, float c, float d, float scale)
{
    return __byte_perm(__byte_perm(byte(a, scale), byte(b, scale), 0x0040), __byte_perm(byte(c, scale), byte(d, scale), 0x0040), 0x5410);
}

// Sums every step-th key, for an approximate mean: subtracting the same vector from all keys changes no weight. One block sums one slice. The order of
// the additions is fixed, so results are reproducible bit for bit. Out: [batch * head, slice, channel].
#define SLICE 128
extern "C" __global__ void __launch_bounds__(256) key_sums(
    const half16* __restrict__ x, long long batch, long long head, long long token, unsigned heads, unsigned samples, unsigned step, unsigned slices, float* __restrict__ out)
{
    __shared__ float sums[16][HEAD];
    unsigned which = blockIdx.x / slices, slice = blockIdx.x % slices;
    int piece = threadIdx.x % 16, line = threadIdx.x / 16;
    const half16* rows = x + which / heads * batch + which % heads * head + piece * 8;
    float sum[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    #pragma unroll
    for (unsigned k = 0; k < SLICE / 16; k++)
    {
        unsigned at = slice * SLICE + k * 16 + line;
        float values[8];
        if (at >= samples) continue;
        load(rows + (long long)at * step * token, values);
        #pragma unroll
        for (int i = 0; i < 8; i++) sum[i] += values[i];
    }
    #pragma unroll
    for (int i = 0; i < 8; i++) sums[line][piece * 8 + i] = sum[i];
    __syncthreads();
    if (threadIdx.x >= HEAD) return;
    float total = 0.0f;
    for (int i = 0; i < 16; i++) total += sums[i][threadIdx.x];
    out[(long long)blockIdx.x * HEAD + threadIdx.x] = total;
}

// Computes the means of the sampled keys: [batch * head, channel]. One block computes one head.
extern "C" __global__ void __launch_bounds__(HEAD) key_means(const float* __restrict__ sums, unsigned slices, unsigned samples, float* __restrict__ means)
{
    float total = 0.0f;
    for (unsigned i = 0; i < slices; i++) total += sums[((long long)blockIdx.x * slices + i) * HEAD + threadIdx.x];
    means[blockIdx.x * HEAD + threadIdx.x] = total / samples;
}

// Queries, or keys minus their mean, are multiplied by a Hadamard matrix. That multiplies all products by HEAD, and spreads a large channel over all
// channels. A warp quantises a group of 8 tokens of one head, with 16 lanes for each token: values[k] has channels 8 piece to 8 piece + 7 of token
// 2 k + odd. Queries have one scale for each token and tiles of 64 rows. Keys (KEYED) have one scale for each group and tiles of 128 rows; token
// 32 a + 8 b + i is row 32 a + 8 (i / 2) + 2 b + i % 2, so that a thread of the matrix product has 8 neighbouring tokens.
#ifndef KEYED
#define KEYED 0
#endif
// Lanes exchange half of their values in each step. So the results are in another order, some with another sign, but equally for queries and keys.
__device__ __forceinline__ void rotate(float* values, int piece)
{
    #pragma unroll
    for (int step = 1; step < 8; step *= 2)
        #pragma unroll
        for (int i = 0; i < 8; i++)
            if (!(i & step))
            {
                float a = values[i], b = values[i + step];
                values[i] = a + b;
                values[i + step] = a - b;
            }
    #pragma unroll
    for (int step = 1; step < 16; step *= 2)
    {
        const int part = step < 8 ? step : 1;
        bool upper = piece & step;
        #pragma unroll
        for (int i = 0; i < 8; i++)
            if (!(i & part))
            {
                float mine = upper ? values[i + part] : values[i], other = __shfl_xor_sync(0xffffffffu, upper ? values[i] : values[i + part], step);
                values[i] = mine + other;
                values[i + part] = mine - other;
            }
    }
}

// which: batch * heads + head. group: index of the group among the `groups` of that head.
__device__ __forceinline__ void quantise_group(
    const float (*values)[8], int lane, long long which, unsigned groups, unsigned group, float factor, unsigned char* bytes, float* scales)
{
    int piece = lane % 16, odd = lane / 16;
    unsigned largest[4];
    #pragma unroll
    for (int k = 0; k < 4; k++)
    {
        largest[k] = LEAST;
        #pragma unroll
        for (int i = 0; i < 8; i++) largest[k] = most(largest[k], magnitude(values[k][i]));
    }
#if KEYED
    largest[0] = most(most(largest[0], largest[1]), most(largest[2], largest[3]));
    #pragma unroll
    for (int step = 1; step < 32; step *= 2) largest[0] = most(largest[0], __shfl_xor_sync(0xffffffffu, largest[0], step));
    largest[1] = largest[2] = largest[3] = largest[0];
    int place = group % 16;
    if (lane == 0) scales[which * groups + (group - place) + place % 4 * 4 + place / 4] = __uint_as_float(largest[0]) / 127.0f * factor;
    unsigned char* tile = bytes + (which * groups + (group - place)) * 8 * HEAD;
#else
    #pragma unroll
    for (int k = 0; k < 4; k++)
    {
        #pragma unroll
        for (int step = 1; step < 16; step *= 2) largest[k] = most(largest[k], __shfl_xor_sync(0xffffffffu, largest[k], step));
        if (piece == 0) scales[(which * groups + group) * 8 + 2 * k + odd] = __uint_as_float(largest[k]) / 127.0f * factor;
    }
    int place = group % 8;
    unsigned char* tile = bytes + (which * groups + (group - place)) * 8 * HEAD;
#endif
    #pragma unroll
    for (int k = 0; k < 4; k++)
    {
        float inverse = 127.0f / __uint_as_float(largest[k]);
        int i = 2 * k + odd, row = KEYED ? place / 4 * 32 + i / 2 * 8 + place % 4 * 2 + i % 2 : place * 8 + i;
        EightBytes eight;
        #pragma unroll
        for (int h = 0; h < 2; h++)
            eight.four[h] = four(values[k][4 * h], values[k][4 * h + 1], values[k][4 * h + 2], values[k][4 * h + 3], inverse);
        *(EightBytes*)(tile + swizzled(row, piece * 8)) = eight;
    }
}

// One block quantises 64 tokens of a head.
extern "C" __global__ void __launch_bounds__(256) quantise_rotated(
    const half16* __restrict__ x, long long batch, long long head, long long token, unsigned heads, unsigned tokens, unsigned blocks,
    const float* __restrict__ means, float factor, unsigned char* __restrict__ bytes, float* __restrict__ scales)
{
    unsigned which = blockIdx.x / blocks, group = blockIdx.x % blocks * 8 + threadIdx.x / 32;
    int lane = threadIdx.x % 32, piece = lane % 16, odd = lane / 16;
    const half16* rows = x + which / heads * batch + which % heads * head + piece * 8;
    float values[4][8], mean[8];
#if KEYED
    load(means + which * HEAD + piece * 8, mean);
#else
    #pragma unroll
    for (int i = 0; i < 8; i++) mean[i] = 0.0f;
#endif
    #pragma unroll
    for (int k = 0; k < 4; k++)
    {
        unsigned at = group * 8 + 2 * k + odd;
        load(rows + (long long)(at < tokens ? at : tokens - 1) * token, values[k]);
        #pragma unroll
        for (int i = 0; i < 8; i++) values[k][i] -= mean[i];
        rotate(values[k], piece);
    }
    quantise_group(values, lane, which, blocks * 8, group, factor, bytes, scales);
}

// Quantises the rows of a projection: RMS norm over all heads, rotary rotation of every pair of neighbouring values, then the steps above, all in
// float32. In: half16 rows of all heads with one stride. turns: [tokens, HEAD / 2] (cos, sin). One block computes 8 tokens. First each warp sums the
// squares of one token, then it quantises some of the heads; it reads their values again, from the caches. Memory traffic for each value: 2 bytes in,
// 1 out.
#define LOADS 20
extern "C" __global__ void __launch_bounds__(256, 2) quantise_normed(
    const half16* __restrict__ x, long long stride, const half16* __restrict__ weight, const float* __restrict__ turns, float epsilon, unsigned heads, unsigned tokens,
    unsigned groups, const float* __restrict__ means, float factor, unsigned char* __restrict__ bytes, float* __restrict__ scales)
{
    __shared__ float norms[8];
    unsigned batch = blockIdx.x / groups, group = blockIdx.x % groups;
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, piece = lane % 16, odd = lane / 16;
    const half16* rows = x + (long long)batch * tokens * stride;
    unsigned mine = group * 8 + warp;
    const half16* row = rows + (mine < tokens ? mine : tokens - 1) * stride;
    unsigned vectors = heads * (HEAD / 8);
    float sum = 0.0f;
    for (unsigned from = lane; from < vectors; from += 32 * LOADS)
    {
        Eight held[LOADS]; // all loads are issued before the first value is used
        #pragma unroll
        for (int j = 0; j < LOADS; j++)
        {
            unsigned i = from + 32 * j;
            held[j] = ((const Eight*)row)[i < vectors ? i : from];
        }
        #pragma unroll
        for (int j = 0; j < LOADS; j++)
        {
            float values[8];
            widen(held[j], values);
            #pragma unroll
            for (int i = 0; i < 8; i++) sum += from + 32 * j < vectors ? values[i] * values[i] : 0.0f;
        }
    }
    #pragma unroll
    for (int step = 1; step < 32; step *= 2) sum += __shfl_xor_sync(0xffffffffu, sum, step);
    if (lane == 0) norms[warp] = rsqrtf(sum / (heads * HEAD) + epsilon);
    __syncthreads();
    for (unsigned head = warp; head < heads; head += 8)
    {
        long long which = (long long)batch * heads + head;
        float values[4][8], times[8];
        load(weight + head * HEAD + piece * 8, times);
        #pragma unroll
        for (int k = 0; k < 4; k++)
        {
            unsigned at = group * 8 + 2 * k + odd < tokens ? group * 8 + 2 * k + odd : tokens - 1;
            float norm = norms[2 * k + odd], angles[8];
            load(rows + at * stride + head * HEAD + piece * 8, values[k]);
            load(turns + (long long)at * HEAD + piece * 8, angles);
            #pragma unroll
            for (int i = 0; i < 8; i += 2)
            {
                float a = values[k][i] * norm * times[i], b = values[k][i + 1] * norm * times[i + 1], c = angles[i], s = angles[i + 1];
                values[k][i] = a * c - b * s;
                values[k][i + 1] = a * s + b * c;
            }
#if KEYED
            float mean[8];
            load(means + which * HEAD + piece * 8, mean);
            #pragma unroll
            for (int i = 0; i < 8; i++) values[k][i] -= mean[i];
#endif
            rotate(values[k], piece);
        }
        quantise_group(values, lane, which, groups, group, factor, bytes, scales);
    }
}

// Quantises and transposes values: a row for each channel and a column for each key, in tiles of 128 keys, with one scale for each channel of KEYS keys.
// One block quantises KEYS keys. Key 32 a + 8 b + i is column 32 a + 16 (i / 4) + 4 b + i % 4, the position of its weight in the registers of the product.
#define KEYS 256
extern "C" __global__ void __launch_bounds__(2 * KEYS) quantise_values(
    const half16* __restrict__ x, long long batch, long long head, long long token, unsigned heads, unsigned tokens, unsigned tiles,
    unsigned char* __restrict__ bytes, float* __restrict__ scales)
{
    __shared__ __align__(16) unsigned char image[KEYS * HEAD];
    __shared__ unsigned all[HEAD];
    unsigned which = blockIdx.x / tiles, tile = blockIdx.x % tiles;
    // A warp holds 8 groups of 8 keys, 4 pieces of 8 channels.
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = warp / 4 * 8 + lane % 8, piece = warp % 4 * 4 + lane / 8;
    const half16* rows = x + which / heads * batch + which % heads * head + piece * 8;
    Eight held[8]; // of each key
    #pragma unroll
    for (int k = 0; k < 8; k++)
    {
        unsigned at = tile * KEYS + group * 8 + k;
        held[k] = *(const Eight*)(rows + (long long)(at < tokens ? at : tokens - 1) * token);
    }
    if (threadIdx.x < HEAD) all[threadIdx.x] = LEAST;
    __syncthreads();
    #pragma unroll
    for (int i = 0; i < 8; i++)
    {
        unsigned largest = 0;
        #pragma unroll
        for (int k = 0; k < 8; k++) largest = most(largest, magnitude(i % 2 ? second(held[k].pair[i / 2]) : first(held[k].pair[i / 2])));
        #pragma unroll
        for (int step = 1; step < 8; step *= 2) largest = most(largest, __shfl_xor_sync(0xffffffffu, largest, step));
        if (lane % 8 == 0) atomicMax(all + piece * 8 + i, largest);
    }
    __syncthreads();
    // Channel 8 j + 2 b + e is number 16 (j / 2) + 4 b + 2 (j % 2) + e: the scales that thread b of four needs for two j are one vector.
    if (threadIdx.x < HEAD)
    {
        int j = threadIdx.x / 8, i = threadIdx.x % 8;
        scales[(long long)blockIdx.x * HEAD + j / 2 * 16 + i / 2 * 4 + j % 2 * 2 + i % 2] = __uint_as_float(all[threadIdx.x]) / 127.0f;
    }
    #pragma unroll
    for (int i = 0; i < 8; i++)
    {
        float inverse = 127.0f / __uint_as_float(all[piece * 8 + i]), values[8];
        #pragma unroll
        for (int k = 0; k < 8; k++) values[k] = i % 2 ? second(held[k].pair[i / 2]) : first(held[k].pair[i / 2]);
        #pragma unroll
        for (int h = 0; h < 2; h++)
            *(unsigned*)(image + group / 16 * 128 * HEAD + swizzled(piece * 8 + i, group % 16 / 4 * 32 + h * 16 + group % 4 * 4)) =
                four(values[4 * h], values[4 * h + 1], values[4 * h + 2], values[4 * h + 3], inverse);
    }
    __syncthreads();
    Eight* to = (Eight*)(bytes + (long long)blockIdx.x * KEYS * HEAD);
    #pragma unroll
    for (int k = 0; k < KEYS * HEAD / 16; k += 2 * KEYS) to[k + threadIdx.x] = ((const Eight*)image)[k + threadIdx.x];
}
