// One thread computes eight values. In: int32 sums of int8 products [rows, width]. out = sum * row scale * column scale + bias in float32, rounded to
// half16. The width is a multiple of 8. bias: half16, or null.
struct __align__(16) FourSums { int v[4]; };
extern "C" __global__ void scale_products(const int* sums, const float* rows, const float* columns, const half16* bias, half16* out, long long vectors, int width)
{
    long long vector = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (vector >= vectors) return;
    long long at = vector * 8, row = at / width;
    int column = (int)(at - row * width);
    FourSums low = *(const FourSums*)(sums + at), high = *(const FourSums*)(sums + at + 4);
    float scale = rows[row], values[8], times[8], plus[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    load(columns + column, times);
    if (bias != 0) load(bias + column, plus);
    #pragma unroll
    for (int i = 0; i < 8; i++) values[i] = (float)(i < 4 ? low.v[i] : high.v[i - 4]) * scale * times[i] + plus[i];
    store(out + at, values);
}
