// softmax(q k^T / sqrt(128)) v, for heads of 128 channels. One block computes 128 queries of one head over all keys.
// In: bytes and scales in the layout of QuantiseHeads.cu. Out: half16 [batch, query, head, 128]; batches and queries may have any strides.
// A launch computes `count` tiles of 128 queries, beginning with tile `first`; after the last tile of a head follows its first one.
// Scores: int8 products, int32 sums. Weights: unsigned 8 bits; in each row the largest weight of a tile of 256 keys is 255. Exponentials: float32.
// Weights times values: int8 values, int32 sums within the tile, float32 sums over all tiles.
// One warp copies tiles into two stages of shared memory. Two warpgroups compute 64 queries each. They take turns: one uses the tensor cores while the
// other computes its exponentials.
// This source has three variants. Plain: reads all tiles. RECORDS: reads all tiles and records, for each tile of keys, its largest share in the weight
// of any query of the block. LISTED: reads only the tiles whose bit is set in `visited`; there must be at least one for each block.
#ifndef RECORDS
#define RECORDS 0
#endif
#ifndef LISTED
#define LISTED 0
#endif
#if RECORDS
#define CARRIED , float* __restrict__ shares // [block, tile]
#elif LISTED
#define CARRIED , const unsigned* __restrict__ visited // [block, word of 32 tiles]
#else
#define CARRIED
#endif

// The warpgroups take turns at the score products. Otherwise both would multiply at the same time and then compute exponentials at the same time.
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

extern "C" __global__ void __launch_bounds__(CONSUMERS + 128, 1) eight_bit_attention(
    const unsigned char* __restrict__ q, const float* __restrict__ query_scales, const unsigned char* __restrict__ k, const float* __restrict__ key_scales,
    const unsigned char* __restrict__ v, const float* __restrict__ value_scales, half16* __restrict__ out, unsigned heads, unsigned queries, unsigned keys,
    unsigned first, unsigned count, long long batch_stride, long long stride CARRIED)
{
    extern __shared__ __align__(1024) unsigned char memory[]; // queries, then the stages, then the recorded weights
    __shared__ __align__(16) float scales[STAGES][SCALES];
    __shared__ __align__(8) word64 barriers[2 * STAGES + 1];
#if RECORDS
    unsigned* record = (unsigned*)(memory + WARPGROUPS * QUERY_BYTES + STAGES * TILE_BYTES);
    __shared__ float whole[2][64];
#elif LISTED
    __shared__ int which[STAGES]; // the tile in each stage
#endif
    unsigned base = shared_address(memory), stages = base + WARPGROUPS * QUERY_BYTES, full = shared_address(barriers), empty = full + 8 * STAGES, ready = full + 16 * STAGES;
    unsigned parts = (queries + 64 * WARPGROUPS - 1) / (64 * WARPGROUPS), head = blockIdx.x / count, part = (first + blockIdx.x % count) % parts;
    int tiles = (keys + KEYS - 1) / KEYS, group = __shfl_sync(0xffffffffu, threadIdx.x / 128, 0); // the shuffle tells the compiler that a whole warp has this value
#if LISTED
    visited += (head * parts + part) * ((keys + 32 * KEYS - 1) / (32 * KEYS));
#endif
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
        for (int t = 0, n = 0; t < tiles; t++)
        {
#if LISTED
            if (!(visited[t / 32] >> t % 32 & 1)) continue;
#endif
            int stage = n % STAGES;
            if (n >= STAGES) barrier_wait(empty + 8 * stage, (n / STAGES + 1) & 1);
            n++;
#if LISTED
            which[stage] = t;
#endif
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
        int read = tiles;
#if LISTED
        read = 0;
        for (int t = 0; t < tiles; t += 32)
            for (unsigned rest = visited[t / 32]; rest; rest &= rest - 1) read++;
        read = __shfl_sync(0xffffffffu, read, 0);
#endif
        for (int n = 0; n < read; n++)
        {
            int t = n, stage = n % STAGES, raw[BLOCKS][64], sums[64];
            unsigned keys_at = stages + stage * TILE_BYTES, weights[BLOCKS][16];
            const float* tile_scales = scales[stage] + threadIdx.x % 4 * 4;
            float largest[2], others[2], factor[2], offset[2], totals[2];
            Four key_scale[BLOCKS];
            barrier_wait(full + 8 * stage, n / STAGES & 1);
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
#if LISTED
            t = which[stage];
#endif
            #pragma unroll
            for (int b = 0; b < BLOCKS; b++) soften(raw[b], key_scale[b].v, state.scale, offset, (int)keys - t * KEYS - b * 128, weights[b]);
            queue_values(sums, weights, keys_at + TILE_BYTES / 2);
            if (moves) move_reference(largest, state);
            #pragma unroll
            for (int r = 0; r < 2; r++) factor[r] = power_of_two(largest[r] - state.reference[r]);
            add_weights(weights, factor, state, totals);
#if RECORDS
            // The four threads of a row write the same word. With a branch for one of them the kernel is 1.4 times as slow.
            record[t * 64 + threadIdx.x / 4] = halves(logarithm(largest[0], totals[0]), logarithm(largest[1], totals[1]));
#endif
            products_wait<0>();
            hold(sums);
            add_sums(sums, tile_scales + KEY_SCALES, factor, state);
            barrier_arrive(empty + 8 * stage);
        }
#if RECORDS
        #pragma unroll
        for (int r = 0; r < 2; r++)
        {
            float all = logarithm(state.reference[r], state.total[r]);
            if (threadIdx.x % 4 == 0) whole[r][threadIdx.x / 4] = all;
        }
        asm volatile("bar.sync 3, 256;" ::: "memory");
        write_shares(record, whole, tiles, shares + (long long)(head * parts + part) * tiles);
#endif
        write(state, out + head / heads * batch_stride + rows * stride + head % heads * HEAD, stride, (int)queries - (int)rows);
    }
}
