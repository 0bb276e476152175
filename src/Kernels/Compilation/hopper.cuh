// Instructions of compute capability 9.0 (sm_90a) only: bulk copies with barriers in shared memory, and matrix products of a warpgroup.
typedef unsigned long long word64;

__device__ __forceinline__ unsigned shared_address(const void* p)
{
    unsigned address;
    asm("{\n.reg .u64 a;\ncvta.to.shared.u64 a, %1;\ncvt.u32.u64 %0, a;\n}" : "=r"(address) : "l"(p));
    return address;
}

// A phase of a barrier ends when all threads have arrived and all expected bytes are copied.
__device__ __forceinline__ void barrier_init(unsigned barrier, unsigned count) { asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" :: "r"(barrier), "r"(count)); }
__device__ __forceinline__ void barrier_arrive(unsigned barrier) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" :: "r"(barrier) : "memory"); }
__device__ __forceinline__ void barrier_expect(unsigned barrier, unsigned bytes) { asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" :: "r"(barrier), "r"(bytes) : "memory"); }
__device__ __forceinline__ void barrier_wait(unsigned barrier, unsigned phase)
{
    asm volatile(
        "{\n.reg .pred done;\nagain:\nmbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n@done bra past;\nbra again;\npast:\n}" :: "r"(barrier), "r"(phase) : "memory");
}
__device__ __forceinline__ void copy(unsigned to, const void* from, unsigned bytes, unsigned barrier)
{
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" :: "r"(to), "l"(from), "r"(bytes), "r"(barrier) : "memory");
}

// Matrix products run asynchronously: begin, queue, commit, wait. A descriptor describes a tile in shared memory: rows of 128 bytes with swizzling, which
// stores the 16-byte piece i of row r as piece i xor (r modulo 8).
__device__ __forceinline__ word64 descriptor(unsigned address) { return (word64)1 << 62 | (word64)(1024 >> 4) << 32 | (word64)1 << 16 | (address & 0x3ffffu) >> 4; }
__device__ __forceinline__ void products_begin() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ __forceinline__ void products_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int LEFT> __device__ __forceinline__ void products_wait() { asm volatile("wgmma.wait_group.sync.aligned %0;" :: "n"(LEFT) : "memory"); }
// Call this after the wait: it keeps the compiler from reading sums before.
__device__ __forceinline__ void hold(int* sums)
{
    #pragma unroll
    for (int i = 0; i < 64; i++) asm volatile("" : "+r"(sums[i]) :: "memory");
}
#define FOUR_OF(d, i) "+r"(d[i]), "+r"(d[i + 1]), "+r"(d[i + 2]), "+r"(d[i + 3])
#define SIXTEEN_OF(d, i) FOUR_OF(d, i), FOUR_OF(d, i + 4), FOUR_OF(d, i + 8), FOUR_OF(d, i + 12)
#define SUMS(d) SIXTEEN_OF(d, 0), SIXTEEN_OF(d, 16), SIXTEEN_OF(d, 32), SIXTEEN_OF(d, 48)
#define SUMS_TEXT "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, " \
    "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}"
__device__ __forceinline__ void score_product(int* sums, word64 queries, word64 keys, int add)
{
    asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %66, 0;\nwgmma.mma_async.sync.aligned.m64n128k32.s32.s8.s8 " SUMS_TEXT ", %64, %65, add;\n}" : SUMS(sums) : "l"(queries), "l"(keys), "r"(add));
}
__device__ __forceinline__ void value_product(int* sums, const unsigned* weights, word64 values, int add)
{
    asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %69, 0;\nwgmma.mma_async.sync.aligned.m64n128k32.s32.u8.s8 " SUMS_TEXT ", {%64, %65, %66, %67}, %68, add;\n}"
        : SUMS(sums) : "r"(weights[0]), "r"(weights[1]), "r"(weights[2]), "r"(weights[3]), "l"(values), "r"(add));
}
