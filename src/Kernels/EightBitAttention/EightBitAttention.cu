// softmax(q k^T / sqrt(128)) v, for heads of 128 channels. One block computes 128 queries of one head over all keys.
// In: bytes and scales in the layout of QuantiseHeads.cu. Out: half16 [batch, query, head, 128].
// Scores: int8 products, int32 sums. Weights: unsigned 8 bits; in each row the largest weight of a tile of 256 keys is 255. Exponentials: float32.
// Weights times values: int8 values, int32 sums within the tile, float32 sums over all tiles.
// One warp copies tiles into two stages of shared memory. Two warpgroups compute 64 queries each. They take turns: one uses the tensor cores while the
// other computes its exponentials.
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

// Turns at the score products. Without turns both warpgroups multiply at the same time, and then both compute exponentials.
__device__ __forceinline__ void turn_pass(int to) { asm volatile("bar.arrive %0, 256;" :: "r"(1 + to) : "memory"); }
__device__ __forceinline__ void turn_wait(int group) { asm volatile("bar.sync %0, 256;" :: "r"(1 + group) : "memory"); }

__device__ __forceinline__ void queue_scores(int* sums, unsigned queries, unsigned keys)
{
    #pragma unroll
    for (int k = 0; k < 4; k++) score_product(sums, descriptor(queries) + 2 * k, descriptor(keys) + 2 * k, k > 0);
    products_commit();
}

__device__ __forceinline__ void queue_values(int* sums, const unsigned (*weights)[16], unsigned values)
{
    products_begin();
    #pragma unroll
    for (int b = 0; b < BLOCKS; b++)
        #pragma unroll
        for (int k = 0; k < 4; k++) value_product(sums, weights[b] + 4 * k, descriptor(values + b * BLOCK_BYTES) + 2 * k, b + k > 0);
    products_commit();
}

// The state of a thread's two rows, r = 0 and 1, which are eight rows apart. In every eight columns a thread owns two, e = 0 and 1: sums[4 j + 2 r + e]
// belongs to column 8 j + 2 (thread % 4) + e. Sums of scores have the same order.
struct State
{
    float sums[64];     // sums of weights times values, divided by 2^reference
    float total[2];     // sums of weights over this thread's columns, divided by 2^reference
    float reference[2];
    float scale[2];     // scales of the queries
};

__device__ __forceinline__ int larger(int a, int b) { return a > b ? a : b; }

// NaN wins, unlike in fmaxf.
__device__ __forceinline__ float larger(float a, float b) { float y; asm("max.NaN.f32 %0, %1, %2;" : "=f"(y) : "f"(a), "f"(b)); return y; }

// The largest score of each row over this thread's columns of one block, before the scale of the queries.
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

// Rounds two numbers, each 0 to 255 times 2^-24, to integers. Halves below 2^-14 are subnormal, so their bits are the integer itself.
__device__ __forceinline__ unsigned integers(float low, float high)
{
    unsigned pair;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}

// Turns the scores of a block into weights, four bytes a word. offset: log2(255 * 2^-24) minus the largest score. keys: the number of valid keys.
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
                pairs[p] = integers(power_of_two(fmaf((float)s[0], scale, offset[r])), power_of_two(fmaf((float)s[1], scale, offset[r])));
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

// float32 sums can grow to 2^60 times the reference, so the reference seldom moves: at the first tile, and where scores rise by more than that.
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

// factor: 2^(largest score of the tile - reference) of each row.
__device__ __forceinline__ void add_weights(const unsigned (*weights)[16], const float* factor, State& state)
{
    #pragma unroll
    for (int r = 0; r < 2; r++)
    {
        unsigned total = 0;
        #pragma unroll
        for (int b = 0; b < BLOCKS; b++)
            #pragma unroll
            for (int i = 0; i < 8; i++) total = __dp4a(weights[b][2 * i + r], 0x01010101u, total);
        state.total[r] = fmaf((float)total, factor[r], state.total[r]);
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

__device__ __forceinline__ void write(const State& state, half16* out, long long stride, int queries)
{
    int row = threadIdx.x % 128 / 32 * 16 + threadIdx.x % 32 / 4;
    #pragma unroll
    for (int r = 0; r < 2; r++)
    {
        float total = state.total[r];
        total += __shfl_xor_sync(0xffffffffu, total, 1);
        total += __shfl_xor_sync(0xffffffffu, total, 2);
        float share = 1.0f / total;
        if (row + 8 * r >= queries) continue;
        half16* to = out + (row + 8 * r) * stride + threadIdx.x % 4 * 2;
        #pragma unroll
        for (int j = 0; j < 16; j++) *(unsigned*)(to + 8 * j) = rounded(state.sums[4 * j + 2 * r] * share, state.sums[4 * j + 2 * r + 1] * share);
    }
}

extern "C" __global__ void __launch_bounds__(CONSUMERS + 128, 1) eight_bit_attention(
    const unsigned char* __restrict__ q, const float* __restrict__ query_scales, const unsigned char* __restrict__ k, const float* __restrict__ key_scales,
    const unsigned char* __restrict__ v, const float* __restrict__ value_scales, half16* __restrict__ out, unsigned heads, unsigned queries, unsigned keys)
{
    extern __shared__ __align__(1024) unsigned char memory[]; // queries, then the stages
    __shared__ __align__(16) float scales[STAGES][SCALES];
    __shared__ __align__(8) word64 barriers[2 * STAGES + 1];
    unsigned base = shared_address(memory), stages = base + WARPGROUPS * QUERY_BYTES, full = shared_address(barriers), empty = full + 8 * STAGES, ready = full + 16 * STAGES;
    unsigned parts = (queries + 64 * WARPGROUPS - 1) / (64 * WARPGROUPS), head = blockIdx.x / parts, part = blockIdx.x % parts;
    int tiles = (keys + KEYS - 1) / KEYS, group = __shfl_sync(0xffffffffu, threadIdx.x / 128, 0); // the shuffle tells the compiler that a whole warp has this value
    if (threadIdx.x == 0)
    {
        for (int i = 0; i < STAGES; i++)
        {
            barrier_init(full + 8 * i, 1);
            barrier_init(empty + 8 * i, CONSUMERS);
        }
        barrier_init(ready, 1);
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
        asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    }
    __syncthreads();
    if (group == WARPGROUPS)
    {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 24;");
        if (threadIdx.x != CONSUMERS) return;
        barrier_expect(ready, WARPGROUPS * QUERY_BYTES);
        copy(base, q + ((long long)head * parts + part) * WARPGROUPS * QUERY_BYTES, WARPGROUPS * QUERY_BYTES, ready);
        for (int t = 0; t < tiles; t++)
        {
            int stage = t % STAGES;
            if (t >= STAGES) barrier_wait(empty + 8 * stage, (t / STAGES + 1) & 1);
            long long tile = (long long)head * tiles + t;
            unsigned barrier = full + 8 * stage, to = stages + stage * TILE_BYTES, beside = shared_address(scales[stage]);
            barrier_expect(barrier, TILE_BYTES + SCALES * 4);
            copy(to, k + tile * (TILE_BYTES / 2), TILE_BYTES / 2, barrier);
            copy(beside, key_scales + tile * KEY_SCALES, KEY_SCALES * 4, barrier);
            copy(to + TILE_BYTES / 2, v + tile * (TILE_BYTES / 2), TILE_BYTES / 2, barrier);
            copy(beside + KEY_SCALES * 4, value_scales + tile * HEAD, HEAD * 4, barrier);
        }
    }
    else
    {
        asm volatile("setmaxnreg.inc.sync.aligned.u32 240;");
        unsigned rows = (part * WARPGROUPS + group) * 64, mine = base + group * QUERY_BYTES;
        const float* query_scale = query_scales + (long long)head * parts * WARPGROUPS * 64 + rows + threadIdx.x % 128 / 32 * 16 + threadIdx.x % 32 / 4;
        State state;
        #pragma unroll
        for (int i = 0; i < 64; i++) state.sums[i] = 0.0f;
        #pragma unroll
        for (int r = 0; r < 2; r++)
        {
            state.total[r] = 0.0f;
            state.reference[r] = -1e30f;
            state.scale[r] = query_scale[8 * r];
        }
        barrier_wait(ready, 0);
        if (group == WARPGROUPS - 1) turn_pass(0);
        for (int t = 0; t < tiles; t++)
        {
            int stage = t % STAGES, raw[BLOCKS][64], sums[64];
            unsigned keys_at = stages + stage * TILE_BYTES, weights[BLOCKS][16];
            const float* tile_scales = scales[stage] + threadIdx.x % 4 * 4;
            float largest[2], others[2], factor[2], offset[2];
            Four key_scale[BLOCKS];
            barrier_wait(full + 8 * stage, t / STAGES & 1);
            turn_wait(group);
            products_begin();
            #pragma unroll
            for (int b = 0; b < BLOCKS; b++) queue_scores(raw[b], mine, keys_at + b * BLOCK_BYTES);
            #pragma unroll
            for (int b = 0; b < BLOCKS; b++) key_scale[b] = *(const Four*)(tile_scales + b * 16);
            products_wait<1>();
            hold(raw[0]);
            find(raw[0], key_scale[0].v, largest);
            products_wait<0>();
            hold(raw[1]);
            find(raw[1], key_scale[1].v, others);
            turn_pass((group + 1) % WARPGROUPS);
            #pragma unroll
            for (int r = 0; r < 2; r++)
            {
                largest[r] = larger(largest[r], others[r]);
                largest[r] = larger(largest[r], __shfl_xor_sync(0xffffffffu, largest[r], 1));
                largest[r] = larger(largest[r], __shfl_xor_sync(0xffffffffu, largest[r], 2)) * state.scale[r];
                offset[r] = 7.9943534f - 24.0f - largest[r];
            }
            bool moves = is_far(largest, state);
            #pragma unroll
            for (int b = 0; b < BLOCKS; b++) soften(raw[b], key_scale[b].v, state.scale, offset, (int)keys - t * KEYS - b * 128, weights[b]);
            queue_values(sums, weights, keys_at + TILE_BYTES / 2);
            if (moves) move_reference(largest, state);
            #pragma unroll
            for (int r = 0; r < 2; r++) factor[r] = power_of_two(largest[r] - state.reference[r]);
            add_weights(weights, factor, state);
            products_wait<0>();
            hold(sums);
            add_sums(sums, tile_scales + KEY_SCALES, factor, state);
            barrier_arrive(empty + 8 * stage);
        }
        long long stride = (long long)heads * HEAD;
        write(state, out + ((long long)(head / heads) * queries + rows) * stride + head % heads * HEAD, stride, (int)queries - (int)rows);
    }
}
