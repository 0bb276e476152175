// Convolution with stride 1 over time and space: y[t, y, x, n] = bias[n] + sum over a, b, c and channels of in[t + a, y + b - top, x + c - left, channel] w[n, channel, a, b, c].
// In: half16 [T + FRAMES - 1, height, width, inputs]; outside of a frame it is 0. Out: half16 [T, height, width, outputs], rounded once from float32 sums.
// The output may have several phases, whose weights are blocks of rows. DOUBLING 1: nearest upsampling by 2 and a 3x3 convolution are four 2x2
// convolutions, one for each row and column modulo 2 of the output, which has twice the height and width. DOUBLING 2: the output has twice the frames, one
// for each block, which has its own bias.
// A block computes tiles of 16 x 32 places and 96 outputs, or all of up to 8: the tile is the left matrix of the products, 64 rows of which are a square of
// 8 x 8 places. One warp copies, for each frame and each 32 channels, the patch that the tile reads; every offset of the kernel reads the same patch from another place. The weights
// of a row of the kernel are copied one row ahead. Two warpgroups compute the upper and the lower half of the tile.
struct __align__(64) TensorMap { word64 words[16]; };
#define TILE_Y 16
#define TILE_X 32
#define SIDE 8                               // of the square of places that one product computes
#define SQUARES (TILE_X / SIDE)
#define PART (FEW ? 8 : 96)                  // outputs of a tile
#define PHASES (DOUBLING == 1 ? 4 : DOUBLING == 2 ? 2 : 1)
#define CHUNK 32                             // channels of a patch
#define PIXEL_BYTES (CHUNK * 2)
#define PATCH_X (TILE_X + KERNEL_X - 1)
#define PATCH_BYTES ((TILE_Y + KERNEL_Y - 1) * PATCH_X * PIXEL_BYTES)
#define PATCHES 2
#define PATCH_STRIDE 39936                   // the largest patch, in multiples of 1024
#define TAP_BYTES (PART * PIXEL_BYTES)
#define ROW_BYTES (KERNEL_X * TAP_BYTES)     // weights of one row of the kernel
#define ROWS (21 * TAP_BYTES / ROW_BYTES)
#define CONSUMERS 256
#define WARPS_READING (CONSUMERS / 32)
#if FLOAT16
#define TYPES "f16.f16"
#else
#define TYPES "bf16.bf16"
#endif
#define FLOATS_4(d, i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define FLOATS_16(d, i) FLOATS_4(d, i), FLOATS_4(d, i + 4), FLOATS_4(d, i + 8), FLOATS_4(d, i + 12)

// Adds 64 places times all outputs of a tile, over 16 channels. In a thread, sums[4 j + 2 r + e] belongs to row lane / 4 + 8 r of the warp's 16 places and to output
// 8 j + 2 (lane % 4) + e.
__device__ __forceinline__ void product(float* sums, word64 places, word64 weights, int add)
{
#if FEW
    asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %6, 0;\nwgmma.mma_async.sync.aligned.m64n8k16.f32." TYPES " {%0, %1, %2, %3}, %4, %5, add, 1, 1, 0, 0;\n}"
        : FLOATS_4(sums, 0) : "l"(places), "l"(weights), "r"(add));
#else
    asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %50, 0;\nwgmma.mma_async.sync.aligned.m64n96k16.f32." TYPES
        " {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, "
        "%30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47}, %48, %49, add, 1, 1, 0, 0;\n}"
        : FLOATS_16(sums, 0), FLOATS_16(sums, 16), FLOATS_16(sums, 32) : "l"(places), "l"(weights), "r"(add));
#endif
}

// Describes rows of 64 bytes with swizzling, which exchanges the 16-byte pieces of a row by bits 7 and 8 of their address. bytes: distance of groups of 8 rows.
__device__ __forceinline__ word64 rows_descriptor(unsigned address, unsigned bytes) { return (word64)2 << 62 | (word64)(bytes >> 4) << 32 | (word64)1 << 16 | address >> 4; }

__device__ __forceinline__ void copy_patch(unsigned to, const TensorMap* from, int channel, int x, int y, int t, unsigned barrier)
{
    asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4, %5}], [%6];"
        :: "r"(to), "l"(from), "r"(channel), "r"(x), "r"(y), "r"(t), "r"(barrier) : "memory");
}

__device__ __forceinline__ void copy_row(unsigned to, const TensorMap* from, int channel, int output, int tap, unsigned barrier)
{
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], [%5];"
        :: "r"(to), "l"(from), "r"(channel), "r"(output), "r"(tap), "r"(barrier) : "memory");
}

// The four threads of a row have one word of each of four groups of eight outputs. Afterwards each has the four words of one group.
__device__ __forceinline__ void exchange(unsigned* word)
{
    bool odd = threadIdx.x & 1, high = threadIdx.x & 2;
    unsigned a = __shfl_xor_sync(0xffffffffu, odd ? word[0] : word[1], 1), b = __shfl_xor_sync(0xffffffffu, odd ? word[2] : word[3], 1);
    if (odd) { word[0] = a; word[2] = b; } else { word[1] = a; word[3] = b; }
    a = __shfl_xor_sync(0xffffffffu, high ? word[0] : word[2], 2);
    b = __shfl_xor_sync(0xffffffffu, high ? word[1] : word[3], 2);
    if (high) { word[0] = a; word[1] = b; } else { word[2] = a; word[3] = b; }
}

struct Tile
{
    int phase, part, frame, y, x; // of the outputs, of the phase's outputs, of the frames, and the first place
};

// Outputs and frames come first, so that tiles that run at the same time read the same patches.
__device__ __forceinline__ Tile tile_at(int index, int frames, int width, int parts)
{
    Tile tile;
    int rest = index / (parts * PHASES), across = (width + TILE_X - 1) / TILE_X;
    tile.part = index % parts;
    tile.phase = index / parts % PHASES;
    tile.frame = rest % frames;
    tile.y = rest / frames / across * TILE_Y;
    tile.x = rest / frames % across * TILE_X;
    return tile;
}

struct Ring
{
    int at;
    unsigned phase;
    __device__ __forceinline__ void advance(int length) { if (++at == length) { at = 0; phase ^= 1; } }
};

__device__ __forceinline__ void store(const float* sums, int r, const half16* bias, half16* to, int outputs, bool there)
{
    int q = threadIdx.x % 4;
#if FEW
    #pragma unroll
    for (int e = 0; e < 2; e++)
        if (there && 2 * q + e < outputs) to[2 * q + e] = (half16)rounded(sums[2 * r + e] + wide(bias[2 * q + e]), 0.0f);
#else
    #pragma unroll
    for (int group = 0; group < PART / 32; group++)
    {
        Eight eight;
        #pragma unroll
        for (int j = 0; j < 4; j++)
        {
            unsigned pair = *(const unsigned*)(bias + 32 * group + 8 * j + 2 * q);
            const float* sum = sums + 16 * group + 4 * j + 2 * r;
            eight.pair[j] = rounded(sum[0] + first(pair), sum[1] + second(pair));
        }
        exchange(eight.pair);
        if (there) *(Eight*)(to + 32 * group + 8 * q) = eight;
    }
#endif
}

extern "C" __global__ void __launch_bounds__(CONSUMERS + 128, 1) frame_convolution(
    const __grid_constant__ TensorMap input, const __grid_constant__ TensorMap weights, const half16* __restrict__ bias, half16* __restrict__ out,
    int inputs, int outputs, int frames, int height, int width, int tiles)
{
    extern __shared__ __align__(1024) unsigned char memory[]; // patches, then weights
    __shared__ __align__(8) word64 barriers[2 * PATCHES + 2 * ROWS];
    unsigned patches = shared_address(memory), rows = patches + PATCHES * PATCH_STRIDE;
    unsigned patch_full = shared_address(barriers), patch_empty = patch_full + 8 * PATCHES, row_full = patch_empty + 8 * PATCHES, row_empty = row_full + 8 * ROWS;
    int parts = (outputs + PART - 1) / PART, chunks = inputs / CHUNK, steps = FRAMES * chunks;
    int group = __shfl_sync(0xffffffffu, threadIdx.x / 128, 0); // the shuffle tells the compiler that a whole warp has this value
    if (threadIdx.x == 0)
    {
        for (int i = 0; i < PATCHES; i++) { barrier_init(patch_full + 8 * i, 1); barrier_init(patch_empty + 8 * i, WARPS_READING); }
        for (int i = 0; i < ROWS; i++) { barrier_init(row_full + 8 * i, 1); barrier_init(row_empty + 8 * i, WARPS_READING); }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
        asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    }
    __syncthreads();
    if (group == CONSUMERS / 128)
    {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 24;");
        if (threadIdx.x != CONSUMERS) return;
        Ring patch = {0, 1}, row = {0, 1}; // a wait for the phase before the first returns at once
        for (int index = blockIdx.x; index < tiles; index += gridDim.x)
        {
            Tile tile = tile_at(index, frames, width, parts);
            int top = DOUBLING == 1 ? 1 - tile.phase / 2 : KERNEL_Y / 2, left = DOUBLING == 1 ? 1 - tile.phase % 2 : KERNEL_X / 2;
            for (int step = 0; step < steps; step++)
            {
                int channel = step % chunks * CHUNK, frame = step / chunks;
                barrier_wait(patch_empty + 8 * patch.at, patch.phase);
                barrier_expect(patch_full + 8 * patch.at, PATCH_BYTES);
                copy_patch(
                    patches + patch.at * PATCH_STRIDE, &input, channel, tile.x - left, tile.y - top, tile.frame + frame, patch_full + 8 * patch.at);
                patch.advance(PATCHES);
                for (int dy = 0; dy < KERNEL_Y; dy++)
                {
                    barrier_wait(row_empty + 8 * row.at, row.phase);
                    barrier_expect(row_full + 8 * row.at, ROW_BYTES);
                    copy_row(
                        rows + row.at * ROW_BYTES, &weights, channel, tile.phase * outputs + tile.part * PART, (frame * KERNEL_Y + dy) * KERNEL_X, row_full + 8 * row.at);
                    row.advance(ROWS);
                }
            }
        }
        return;
    }
    asm volatile("setmaxnreg.inc.sync.aligned.u32 240;");
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4;
    Ring patch = {0, 0}, row = {0, 0};
    for (int index = blockIdx.x; index < tiles; index += gridDim.x)
    {
        float sums[SQUARES][PART / 2];
        unsigned read_row = 0, read_patch = 0; // barriers of what the products that still run read
        #pragma unroll 1
        for (int step = 0; step < steps; step++)
        {
            barrier_wait(patch_full + 8 * patch.at, patch.phase);
            unsigned half = patches + patch.at * PATCH_STRIDE + group * SIDE * PATCH_X * PIXEL_BYTES;
            #pragma unroll 1
            for (int dy = 0; dy < KERNEL_Y; dy++)
            {
                barrier_wait(row_full + 8 * row.at, row.phase);
                word64 places = rows_descriptor(half + dy * PATCH_X * PIXEL_BYTES, PATCH_X * PIXEL_BYTES);
                word64 taps = rows_descriptor(rows + row.at * ROW_BYTES, 8 * PIXEL_BYTES);
                products_begin();
                #pragma unroll
                for (int dx = 0; dx < KERNEL_X; dx++)
                    #pragma unroll
                    for (int k = 0; k < CHUNK / 16; k++)
                        #pragma unroll
                        for (int i = 0; i < SQUARES; i++)
                            product(
                                sums[i], places + ((i * SIDE + dx) * PIXEL_BYTES >> 4) + 2 * k, taps + (dx * TAP_BYTES >> 4) + 2 * k, step + dy + dx + k > 0);
                products_commit();
                products_wait<1>();
                if (lane == 0 && read_row) barrier_arrive(read_row);
                if (lane == 0 && read_patch) barrier_arrive(read_patch);
                read_row = row_empty + 8 * row.at;
                read_patch = dy == KERNEL_Y - 1 ? patch_empty + 8 * patch.at : 0;
                row.advance(ROWS);
            }
            patch.advance(PATCHES);
        }
        products_wait<0>();
        #pragma unroll
        for (int i = 0; i < SQUARES; i++)
            #pragma unroll
            for (int j = 0; j < PART / 2; j++) asm volatile("" : "+f"(sums[i][j]) :: "memory"); // keeps the compiler from reading sums before
        if (lane == 0) { barrier_arrive(read_row); barrier_arrive(read_patch); }
        Tile tile = tile_at(index, frames, width, parts);
        int from = tile.part * PART, scale = DOUBLING == 1 ? 2 : 1, frame = DOUBLING == 2 ? 2 * tile.frame + tile.phase : tile.frame;
        int down = DOUBLING == 1 ? tile.phase / 2 : 0, right = DOUBLING == 1 ? tile.phase % 2 : 0;
        const half16* add = bias + (DOUBLING == 2 ? tile.phase * outputs : 0) + from;
        #pragma unroll
        for (int r = 0; r < 2; r++)
            #pragma unroll
            for (int i = 0; i < SQUARES; i++)
            {
                int x = tile.x + i * SIDE + lane / 4, y = tile.y + group * SIDE + warp * 2 + r;
                long long pixel = ((long long)frame * (scale * height) + scale * y + down) * (scale * width) + scale * x + right;
                store(sums[i], r, add, out + pixel * outputs + from, outputs, x < width && y < height);
            }
    }
}
