// One thread computes one query of one head. In: float32 products of queries and folded keys, [queries, KEYS, HEADS], and the terms that are added to
// them, [sets, KEYS, HEADS]; consecutive queries share a set of keys. Out: half16, softmax((product + added) * scale) over the keys of a head.
// Memory traffic for each value: 4 bytes in, 2 out.
extern "C" __global__ void __launch_bounds__(128) head_softmax(
    const float* __restrict__ products, const float* __restrict__ added, unsigned long long threads, unsigned queries, float scale, half16* __restrict__ out)
{
    unsigned long long index = blockIdx.x * 128ull + threadIdx.x;
    if (index >= threads) return;
    unsigned long long query = index / HEADS;
    unsigned head = index % HEADS;
    const float* from = products + query * (KEYS * HEADS) + head;
    const float* more = added + query / queries * (KEYS * HEADS) + head;
    half16* to = out + query * (KEYS * HEADS) + head;
    float values[KEYS], largest = -3.4e38f, sum = 0.0f;
    scale *= 1.4426950409f; // log2(e), because the exponential is a power of 2
    #pragma unroll
    for (int key = 0; key < KEYS; key++)
    {
        values[key] = (from[key * HEADS] + more[key * HEADS]) * scale;
        largest = fmaxf(largest, values[key]);
    }
    #pragma unroll
    for (int key = 0; key < KEYS; key++)
    {
        values[key] = power_of_two(values[key] - largest);
        sum += values[key];
    }
    float share = reciprocal(sum);
    #pragma unroll
    for (int key = 0; key < KEYS; key++) to[key * HEADS] = (half16)rounded(values[key] * share, 0.0f);
}
