// C for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(8)
C_kernel(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C, const long long A_stride_0, const long long A_stride_1, const long long B_stride_0, const long long B_stride_1, const long long C_stride_0, const long long C_stride_1)
{
  __shared__ __align__(16) float A_shared[128];
  __shared__ __align__(16) float B_shared[128];
  const int io = blockIdx.y;
  const int jo = blockIdx.x;
  const int i_thread = threadIdx.y;
  const int j_thread = threadIdx.x;
  float C_tile[32];
  #pragma unroll
  for (int ii = 0; ii < 4; ++ii) {
    #pragma unroll
    for (int j_group = 0; j_group < 2; ++j_group) {
      #pragma unroll
      for (int jiv = 0; jiv < 4; ++jiv) {
        C_tile[(ii * 2 + j_group) * 4 + jiv] = 0.0f;
      }
    }
  }
  for (int ko = 0; ko < 3; ++ko) {
    __syncthreads();
    #pragma unroll
    for (int A_shared_step = 0; A_shared_step < 4; ++A_shared_step) {
      const int A_shared_part = A_shared_step * 8 + i_thread * 2 + j_thread;
      const int i = A_shared_part / 2;
      #pragma unroll
      for (int A_shared_lane = 0; A_shared_lane < 4; ++A_shared_lane) {
        const int A_shared_k = A_shared_part % 2 * 4 + A_shared_lane;
        A_shared[i * 8 + A_shared_k] = A[(io * 16 + i) * A_stride_0 + (ko * 8 + A_shared_k) * A_stride_1];
      }
    }
    #pragma unroll
    for (int B_shared_step = 0; B_shared_step < 4; ++B_shared_step) {
      const int B_shared_part = B_shared_step * 8 + i_thread * 2 + j_thread;
      const int B_shared_k = B_shared_part / 4;
      #pragma unroll
      for (int B_shared_lane = 0; B_shared_lane < 4; ++B_shared_lane) {
        const int j = B_shared_part % 4 * 4 + B_shared_lane;
        B_shared[B_shared_k * 16 + j] = B[(ko * 8 + B_shared_k) * B_stride_0 + (jo * 16 + j) * B_stride_1];
      }
    }
    __syncthreads();
    for (int ki = 0; ki < 2; ++ki) {
      #pragma unroll
      for (int kiu = 0; kiu < 4; ++kiu) {
        #pragma unroll
        for (int ii = 0; ii < 4; ++ii) {
          #pragma unroll
          for (int j_group = 0; j_group < 2; ++j_group) {
            #pragma unroll
            for (int jiv = 0; jiv < 4; ++jiv) {
              const int t = ki * 4 + kiu;
              C_tile[(ii * 2 + j_group) * 4 + jiv] = fmaf(A_shared[(ii * 4 + i_thread) * 8 + t], B_shared[t * 16 + j_group * 8 + j_thread * 4 + jiv], C_tile[(ii * 2 + j_group) * 4 + jiv]);
            }
          }
        }
      }
    }
  }
  #pragma unroll
  for (int ii = 0; ii < 4; ++ii) {
    #pragma unroll
    for (int j_group = 0; j_group < 2; ++j_group) {
      #pragma unroll
      for (int jiv = 0; jiv < 4; ++jiv) {
        C[(io * 16 + ii * 4 + i_thread) * C_stride_0 + (jo * 16 + j_group * 8 + j_thread * 4 + jiv) * C_stride_1] = C_tile[(ii * 2 + j_group) * 4 + jiv];
      }
    }
  }
}
// C_kernel: grid ['2', '2', '1']
