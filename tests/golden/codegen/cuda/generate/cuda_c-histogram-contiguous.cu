// H for sm_90, by tdsl: row-major arrays that begin at multiples of 16 bytes

extern "C" __global__ void __launch_bounds__(17)
H_kernel(int* __restrict__ H)
{
  const int j = threadIdx.x;
  H[j] = 0;
}

extern "C" __global__ void __launch_bounds__(64)
H_kernel_2(const int* __restrict__ x, int* __restrict__ H, const int n)
{
  const int io = blockIdx.x;
  const int ii = threadIdx.x;
  if (io * 64 + ii < n) {
    atomicAdd(&H[(int)min(max((long long)x[io * 64 + ii], (long long)0), (long long)16)], 1);
  }
}
// relies on n <= 1073741824
// H_kernel: grid ['1', '1', '1']
// H_kernel_2: grid ['(n + 63) // 64', '1', '1']
