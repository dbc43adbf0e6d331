// C for sm_90, by tdsl: arrays of any strides

extern "C" __global__ void __launch_bounds__(16)
C_kernel(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C, const long long A_stride_0, const long long A_stride_1, const long long B_stride_0, const long long B_stride_1, const long long C_stride_0, const long long C_stride_1, const long long m, const long long n, const long long p)
{
  __shared__ __align__(16) float A_shared[128];
  __shared__ __align__(16) float B_shared[128];
  const int io = blockIdx.y;
  const int jo = blockIdx.x;
  const int i_thread = threadIdx.y;
  const int j_thread = threadIdx.x;
  float C_tile[16];
  #pragma unroll
  for (int ii = 0; ii < 4; ++ii) {
    if (io * 16 + i_thread + ii * 4 < m) {
      #pragma unroll
      for (int jiv = 0; jiv < 4; ++jiv) {
        if ((long long)jo * 16 + j_thread * 4 + jiv < n) {
          C_tile[ii * 4 + jiv] = 0.0f;
        }
      }
    }
  }
  for (long long ko = 0; ko < (p + 7) / 8; ++ko) {
    __syncthreads();
    #pragma unroll
    for (int A_shared_step = 0; A_shared_step < 2; ++A_shared_step) {
      const int A_shared_part = A_shared_step * 16 + i_thread * 4 + j_thread;
      const int i = A_shared_part / 2;
      #pragma unroll
      for (int A_shared_lane = 0; A_shared_lane < 4; ++A_shared_lane) {
        const int A_shared_k = A_shared_part % 2 * 4 + A_shared_lane;
        if (io * 16 + i < m && ko * 8 + A_shared_k < p) {
          A_shared[i * 8 + A_shared_k] = A[(io * 16 + i) * A_stride_0 + (ko * 8 + A_shared_k) * A_stride_1];
        }
      }
    }
    #pragma unroll
    for (int B_shared_step = 0; B_shared_step < 2; ++B_shared_step) {
      const int B_shared_part = B_shared_step * 16 + i_thread * 4 + j_thread;
      const int j = B_shared_part / 2;
      #pragma unroll
      for (int B_shared_lane = 0; B_shared_lane < 4; ++B_shared_lane) {
        const int B_shared_k = B_shared_part % 2 * 4 + B_shared_lane;
        if ((long long)jo * 16 + j < n && ko * 8 + B_shared_k < p) {
          B_shared[B_shared_k * 16 + j] = B[((long long)jo * 16 + j) * B_stride_0 + (ko * 8 + B_shared_k) * B_stride_1];
        }
      }
    }
    __syncthreads();
    for (int ki = 0; ki < min((p + 3) / 4 - ko * 2, (long long)2); ++ki) {
      #pragma unroll
      for (int kiu = 0; kiu < 4; ++kiu) {
        if (ko * 8 + ki * 4 + kiu < p) {
          #pragma unroll
          for (int ii = 0; ii < 4; ++ii) {
            if (io * 16 + i_thread + ii * 4 < m) {
              #pragma unroll
              for (int jiv = 0; jiv < 4; ++jiv) {
                if ((long long)jo * 16 + j_thread * 4 + jiv < n) {
                  const int t = ki * 4 + kiu;
                  C_tile[ii * 4 + jiv] = fmaf(A_shared[(ii * 4 + i_thread) * 8 + t], B_shared[t * 16 + j_thread * 4 + jiv], C_tile[ii * 4 + jiv]);
                }
              }
            }
          }
        }
      }
    }
  }
  #pragma unroll
  for (int ii = 0; ii < 4; ++ii) {
    if (io * 16 + i_thread + ii * 4 < m) {
      #pragma unroll
      for (int jiv = 0; jiv < 4; ++jiv) {
        if ((long long)jo * 16 + j_thread * 4 + jiv < n) {
          C[(io * 16 + ii * 4 + i_thread) * C_stride_0 + ((long long)jo * 16 + j_thread * 4 + jiv) * C_stride_1] = C_tile[ii * 4 + jiv];
        }
      }
    }
  }
}
// C_kernel: grid ['(n + 15) // 16', '(m + 15) // 16', '1']
