/* The thirty kernels as plain C loops, from the definitions: what `gcc -O3 -march=native` gets to compile.
 *
 * Every function takes the sizes, then the arrays (row-major, contiguous), in the order of `Kernel.fill`.
 */
#include <math.h>
#include <string.h>

typedef long L;
typedef double R;

void gemm(L ni, L nj, L nk, R C[ni][nj], R A[ni][nk], R B[nk][nj]) {
  for (L i = 0; i < ni; i++) {
    for (L j = 0; j < nj; j++) C[i][j] *= 1.2;
    for (L k = 0; k < nk; k++)
      for (L j = 0; j < nj; j++) C[i][j] += 1.5 * A[i][k] * B[k][j];
  }
}

void gemver(L n, R A[n][n], R *restrict u1, R *restrict v1, R *restrict u2, R *restrict v2, R *restrict x,
            R *restrict w, R *restrict y, R *restrict z) {
  for (L i = 0; i < n; i++)
    for (L j = 0; j < n; j++) A[i][j] += u1[i] * v1[j] + u2[i] * v2[j];
  for (L i = 0; i < n; i++)
    for (L j = 0; j < n; j++) x[i] += 1.2 * A[j][i] * y[j];
  for (L i = 0; i < n; i++) x[i] += z[i];
  for (L i = 0; i < n; i++)
    for (L j = 0; j < n; j++) w[i] += 1.5 * A[i][j] * x[j];
}

void gesummv(L n, R A[n][n], R B[n][n], R *restrict x, R *restrict y) {
  for (L i = 0; i < n; i++) {
    R first = 0, second = 0;
    for (L j = 0; j < n; j++) {
      first += A[i][j] * x[j];
      second += B[i][j] * x[j];
    }
    y[i] = 1.5 * first + 1.2 * second;
  }
}

void symm(L m, L n, R C[m][n], R A[m][m], R B[m][n]) {
  for (L i = 0; i < m; i++)
    for (L j = 0; j < n; j++) {
      R total = 0;
      for (L k = 0; k < i; k++) {
        C[k][j] += 1.5 * B[i][j] * A[i][k];
        total += B[k][j] * A[i][k];
      }
      C[i][j] = 1.2 * C[i][j] + 1.5 * B[i][j] * A[i][i] + 1.5 * total;
    }
}

void syrk(L m, L n, R C[n][n], R A[n][m]) {
  for (L i = 0; i < n; i++) {
    for (L j = 0; j <= i; j++) C[i][j] *= 1.2;
    for (L k = 0; k < m; k++)
      for (L j = 0; j <= i; j++) C[i][j] += 1.5 * A[i][k] * A[j][k];
  }
}

void syr2k(L m, L n, R C[n][n], R A[n][m], R B[n][m]) {
  for (L i = 0; i < n; i++) {
    for (L j = 0; j <= i; j++) C[i][j] *= 1.2;
    for (L k = 0; k < m; k++)
      for (L j = 0; j <= i; j++) C[i][j] += A[j][k] * 1.5 * B[i][k] + B[j][k] * 1.5 * A[i][k];
  }
}

void trmm(L m, L n, R A[m][m], R B[m][n]) {
  for (L i = 0; i < m; i++)
    for (L j = 0; j < n; j++) {
      for (L k = i + 1; k < m; k++) B[i][j] += A[k][i] * B[k][j];
      B[i][j] *= 1.5;
    }
}

void mm2(L ni, L nj, L nk, L nl, R tmp[ni][nj], R A[ni][nk], R B[nk][nj], R C[nj][nl], R D[ni][nl]) {
  for (L i = 0; i < ni; i++)
    for (L j = 0; j < nj; j++) {
      tmp[i][j] = 0;
      for (L k = 0; k < nk; k++) tmp[i][j] += 1.5 * A[i][k] * B[k][j];
    }
  for (L i = 0; i < ni; i++)
    for (L j = 0; j < nl; j++) {
      D[i][j] *= 1.2;
      for (L k = 0; k < nj; k++) D[i][j] += tmp[i][k] * C[k][j];
    }
}

void mm3(L ni, L nj, L nk, L nl, L nm, R E[ni][nj], R A[ni][nk], R B[nk][nj], R F[nj][nl], R C[nj][nm],
         R D[nm][nl], R G[ni][nl]) {
  for (L i = 0; i < ni; i++)
    for (L j = 0; j < nj; j++) {
      E[i][j] = 0;
      for (L k = 0; k < nk; k++) E[i][j] += A[i][k] * B[k][j];
    }
  for (L i = 0; i < nj; i++)
    for (L j = 0; j < nl; j++) {
      F[i][j] = 0;
      for (L k = 0; k < nm; k++) F[i][j] += C[i][k] * D[k][j];
    }
  for (L i = 0; i < ni; i++)
    for (L j = 0; j < nl; j++) {
      G[i][j] = 0;
      for (L k = 0; k < nj; k++) G[i][j] += E[i][k] * F[k][j];
    }
}

void atax(L m, L n, R A[m][n], R *restrict x, R *restrict y, R *restrict tmp) {
  for (L i = 0; i < n; i++) y[i] = 0;
  for (L i = 0; i < m; i++) {
    tmp[i] = 0;
    for (L j = 0; j < n; j++) tmp[i] += A[i][j] * x[j];
    for (L j = 0; j < n; j++) y[j] += A[i][j] * tmp[i];
  }
}

void bicg(L m, L n, R A[n][m], R *restrict s, R *restrict q, R *restrict p, R *restrict r) {
  for (L i = 0; i < m; i++) s[i] = 0;
  for (L i = 0; i < n; i++) {
    q[i] = 0;
    for (L j = 0; j < m; j++) {
      s[j] += r[i] * A[i][j];
      q[i] += A[i][j] * p[j];
    }
  }
}

void doitgen(L nq, L nr, L np, R A[nr][nq][np], R C4[np][np], R *restrict total) {
  for (L r = 0; r < nr; r++)
    for (L q = 0; q < nq; q++) {
      for (L p = 0; p < np; p++) {
        total[p] = 0;
        for (L s = 0; s < np; s++) total[p] += A[r][q][s] * C4[s][p];
      }
      for (L p = 0; p < np; p++) A[r][q][p] = total[p];
    }
}

void mvt(L n, R *restrict x1, R *restrict x2, R *restrict y1, R *restrict y2, R A[n][n]) {
  for (L i = 0; i < n; i++)
    for (L j = 0; j < n; j++) x1[i] += A[i][j] * y1[j];
  for (L i = 0; i < n; i++)
    for (L j = 0; j < n; j++) x2[i] += A[j][i] * y2[j];
}

void cholesky(L n, R A[n][n]) {
  for (L i = 0; i < n; i++) {
    for (L j = 0; j < i; j++) {
      for (L k = 0; k < j; k++) A[i][j] -= A[i][k] * A[j][k];
      A[i][j] /= A[j][j];
    }
    for (L k = 0; k < i; k++) A[i][i] -= A[i][k] * A[i][k];
    A[i][i] = sqrt(A[i][i]);
  }
}

void durbin(L n, R *restrict r, R *restrict y, R *restrict z) {
  y[0] = -r[0];
  R beta = 1, alpha = -r[0];
  for (L k = 1; k < n; k++) {
    beta = (1 - alpha * alpha) * beta;
    R total = 0;
    for (L i = 0; i < k; i++) total += r[k - i - 1] * y[i];
    alpha = -(r[k] + total) / beta;
    for (L i = 0; i < k; i++) z[i] = y[i] + alpha * y[k - i - 1];
    for (L i = 0; i < k; i++) y[i] = z[i];
    y[k] = alpha;
  }
}

void gramschmidt(L m, L n, R A[m][n], R Rm[n][n], R Q[m][n]) {
  for (L k = 0; k < n; k++) {
    R norm = 0;
    for (L i = 0; i < m; i++) norm += A[i][k] * A[i][k];
    Rm[k][k] = sqrt(norm);
    for (L i = 0; i < m; i++) Q[i][k] = A[i][k] / Rm[k][k];
    for (L j = k + 1; j < n; j++) {
      Rm[k][j] = 0;
      for (L i = 0; i < m; i++) Rm[k][j] += Q[i][k] * A[i][j];
      for (L i = 0; i < m; i++) A[i][j] -= Q[i][k] * Rm[k][j];
    }
  }
}

void lu(L n, R A[n][n]) {
  for (L i = 0; i < n; i++) {
    for (L j = 0; j < i; j++) {
      for (L k = 0; k < j; k++) A[i][j] -= A[i][k] * A[k][j];
      A[i][j] /= A[j][j];
    }
    for (L j = i; j < n; j++)
      for (L k = 0; k < i; k++) A[i][j] -= A[i][k] * A[k][j];
  }
}

void ludcmp(L n, R A[n][n], R *restrict b, R *restrict x, R *restrict y) {
  for (L i = 0; i < n; i++) {
    for (L j = 0; j < i; j++) {
      R w = A[i][j];
      for (L k = 0; k < j; k++) w -= A[i][k] * A[k][j];
      A[i][j] = w / A[j][j];
    }
    for (L j = i; j < n; j++) {
      R w = A[i][j];
      for (L k = 0; k < i; k++) w -= A[i][k] * A[k][j];
      A[i][j] = w;
    }
  }
  for (L i = 0; i < n; i++) {
    R w = b[i];
    for (L j = 0; j < i; j++) w -= A[i][j] * y[j];
    y[i] = w;
  }
  for (L i = n - 1; i >= 0; i--) {
    R w = y[i];
    for (L j = i + 1; j < n; j++) w -= A[i][j] * x[j];
    x[i] = w / A[i][i];
  }
}

void trisolv(L n, R A[n][n], R *restrict x, R *restrict b) {
  for (L i = 0; i < n; i++) {
    x[i] = b[i];
    for (L j = 0; j < i; j++) x[i] -= A[i][j] * x[j];
    x[i] = x[i] / A[i][i];
  }
}

void covariance(L m, L n, R data[n][m], R cov[m][m], R *restrict mean) {
  for (L j = 0; j < m; j++) {
    mean[j] = 0;
    for (L i = 0; i < n; i++) mean[j] += data[i][j];
    mean[j] /= n;
  }
  for (L i = 0; i < n; i++)
    for (L j = 0; j < m; j++) data[i][j] -= mean[j];
  for (L i = 0; i < m; i++)
    for (L j = i; j < m; j++) {
      cov[i][j] = 0;
      for (L k = 0; k < n; k++) cov[i][j] += data[k][i] * data[k][j];
      cov[i][j] /= n - 1.0;
      cov[j][i] = cov[i][j];
    }
}

void correlation(L m, L n, R data[n][m], R corr[m][m], R *restrict mean, R *restrict stddev) {
  for (L j = 0; j < m; j++) {
    mean[j] = 0;
    for (L i = 0; i < n; i++) mean[j] += data[i][j];
    mean[j] /= n;
  }
  for (L j = 0; j < m; j++) {
    stddev[j] = 0;
    for (L i = 0; i < n; i++) stddev[j] += (data[i][j] - mean[j]) * (data[i][j] - mean[j]);
    stddev[j] = sqrt(stddev[j] / n);
    stddev[j] = stddev[j] <= 0.1 ? 1.0 : stddev[j];
  }
  for (L i = 0; i < n; i++)
    for (L j = 0; j < m; j++) {
      data[i][j] -= mean[j];
      data[i][j] /= sqrt((R)n) * stddev[j];
    }
  for (L i = 0; i < m; i++) {
    corr[i][i] = 1;
    for (L j = i + 1; j < m; j++) {
      corr[i][j] = 0;
      for (L k = 0; k < n; k++) corr[i][j] += data[k][i] * data[k][j];
      corr[j][i] = corr[i][j];
    }
  }
}

void deriche(L w, L h, float img[w][h], float out[w][h], float y1[w][h], float y2[w][h]) {
  float a = 0.25f;
  float k = (1 - expf(-a)) * (1 - expf(-a)) / (1 + 2 * a * expf(-a) - expf(2 * a));
  float a1 = k, a2 = k * expf(-a) * (a - 1), a3 = k * expf(-a) * (a + 1), a4 = -k * expf(-2 * a);
  float b1 = powf(2, -a), b2 = -expf(-2 * a);
  for (L i = 0; i < w; i++) {
    float ym1 = 0, ym2 = 0, xm1 = 0;
    for (L j = 0; j < h; j++) {
      y1[i][j] = a1 * img[i][j] + a2 * xm1 + b1 * ym1 + b2 * ym2;
      xm1 = img[i][j];
      ym2 = ym1;
      ym1 = y1[i][j];
    }
  }
  for (L i = 0; i < w; i++) {
    float yp1 = 0, yp2 = 0, xp1 = 0, xp2 = 0;
    for (L j = h - 1; j >= 0; j--) {
      y2[i][j] = a3 * xp1 + a4 * xp2 + b1 * yp1 + b2 * yp2;
      xp2 = xp1;
      xp1 = img[i][j];
      yp2 = yp1;
      yp1 = y2[i][j];
    }
  }
  for (L i = 0; i < w; i++)
    for (L j = 0; j < h; j++) out[i][j] = y1[i][j] + y2[i][j];
  for (L j = 0; j < h; j++) {
    float tm1 = 0, ym1 = 0, ym2 = 0;
    for (L i = 0; i < w; i++) {
      y1[i][j] = a1 * out[i][j] + a2 * tm1 + b1 * ym1 + b2 * ym2;
      tm1 = out[i][j];
      ym2 = ym1;
      ym1 = y1[i][j];
    }
  }
  for (L j = 0; j < h; j++) {
    float tp1 = 0, tp2 = 0, yp1 = 0, yp2 = 0;
    for (L i = w - 1; i >= 0; i--) {
      y2[i][j] = a3 * tp1 + a4 * tp2 + b1 * yp1 + b2 * yp2;
      tp2 = tp1;
      tp1 = out[i][j];
      yp2 = yp1;
      yp1 = y2[i][j];
    }
  }
  for (L i = 0; i < w; i++)
    for (L j = 0; j < h; j++) out[i][j] = y1[i][j] + y2[i][j];
}

void floyd_warshall(L n, int paths[n][n]) {
  for (L k = 0; k < n; k++)
    for (L i = 0; i < n; i++)
      for (L j = 0; j < n; j++)
        paths[i][j] = paths[i][j] < paths[i][k] + paths[k][j] ? paths[i][j] : paths[i][k] + paths[k][j];
}

#define MAX(a, b) ((a) >= (b) ? (a) : (b))

void nussinov(L n, int *restrict seq, int table[n][n]) {
  for (L i = n - 1; i >= 0; i--)
    for (L j = i + 1; j < n; j++) {
      table[i][j] = MAX(table[i][j - 1], table[i + 1][j]);
      if (i < j - 1)
        table[i][j] = MAX(table[i][j], table[i + 1][j - 1] + (seq[i] + seq[j] == 3));
      else
        table[i][j] = MAX(table[i][j], table[i + 1][j - 1]);
      for (L k = i + 1; k < j; k++) table[i][j] = MAX(table[i][j], table[i][k] + table[k + 1][j]);
    }
}

void jacobi_1d(L steps, L n, R *restrict A, R *restrict B) {
  for (L t = 0; t < steps; t++) {
    for (L i = 1; i < n - 1; i++) B[i] = 0.33333 * (A[i - 1] + A[i] + A[i + 1]);
    for (L i = 1; i < n - 1; i++) A[i] = 0.33333 * (B[i - 1] + B[i] + B[i + 1]);
  }
}

void jacobi_2d(L steps, L n, R A[n][n], R B[n][n]) {
  for (L t = 0; t < steps; t++) {
    for (L i = 1; i < n - 1; i++)
      for (L j = 1; j < n - 1; j++)
        B[i][j] = 0.2 * (A[i][j] + A[i][j - 1] + A[i][j + 1] + A[i + 1][j] + A[i - 1][j]);
    for (L i = 1; i < n - 1; i++)
      for (L j = 1; j < n - 1; j++)
        A[i][j] = 0.2 * (B[i][j] + B[i][j - 1] + B[i][j + 1] + B[i + 1][j] + B[i - 1][j]);
  }
}

#define HEAT(D, S)                                                                      \
  for (L i = 1; i < n - 1; i++)                                                         \
    for (L j = 1; j < n - 1; j++)                                                       \
      for (L k = 1; k < n - 1; k++)                                                     \
        D[i][j][k] = 0.125 * (S[i + 1][j][k] - 2.0 * S[i][j][k] + S[i - 1][j][k]) +     \
                     0.125 * (S[i][j + 1][k] - 2.0 * S[i][j][k] + S[i][j - 1][k]) +     \
                     0.125 * (S[i][j][k + 1] - 2.0 * S[i][j][k] + S[i][j][k - 1]) + S[i][j][k];

void heat_3d(L steps, L n, R A[n][n][n], R B[n][n][n]) {
  for (L t = 0; t < steps; t++) {
    HEAT(B, A)
    HEAT(A, B)
  }
}

void seidel_2d(L steps, L n, R A[n][n]) {
  for (L t = 0; t < steps; t++)
    for (L i = 1; i < n - 1; i++)
      for (L j = 1; j < n - 1; j++)
        A[i][j] = (A[i - 1][j - 1] + A[i - 1][j] + A[i - 1][j + 1] + A[i][j - 1] + A[i][j] + A[i][j + 1] +
                   A[i + 1][j - 1] + A[i + 1][j] + A[i + 1][j + 1]) / 9.0;
}

void fdtd_2d(L steps, L nx, L ny, R ex[nx][ny], R ey[nx][ny], R hz[nx][ny], R *restrict fict) {
  for (L t = 0; t < steps; t++) {
    for (L j = 0; j < ny; j++) ey[0][j] = fict[t];
    for (L i = 1; i < nx; i++)
      for (L j = 0; j < ny; j++) ey[i][j] -= 0.5 * (hz[i][j] - hz[i - 1][j]);
    for (L i = 0; i < nx; i++)
      for (L j = 1; j < ny; j++) ex[i][j] -= 0.5 * (hz[i][j] - hz[i][j - 1]);
    for (L i = 0; i < nx - 1; i++)
      for (L j = 0; j < ny - 1; j++) hz[i][j] -= 0.7 * (ex[i][j + 1] - ex[i][j] + ey[i + 1][j] - ey[i][j]);
  }
}

void adi(L steps, L n, R u[n][n], R v[n][n], R p[n][n], R q[n][n]) {
  R mul1 = 2.0 * n * n / steps, mul2 = 1.0 * n * n / steps;
  R a = -mul1 / 2, b = 1 + mul1, c = a, d = -mul2 / 2, e = 1 + mul2, f = d;
  for (L t = 0; t < steps; t++) {
    for (L i = 1; i < n - 1; i++) {
      v[0][i] = 1;
      p[i][0] = 0;
      q[i][0] = 1;
      for (L j = 1; j < n - 1; j++) {
        p[i][j] = -c / (a * p[i][j - 1] + b);
        q[i][j] = (-d * u[j][i - 1] + (1 + 2 * d) * u[j][i] - f * u[j][i + 1] - a * q[i][j - 1]) /
                  (a * p[i][j - 1] + b);
      }
      v[n - 1][i] = 1;
      for (L j = n - 2; j >= 1; j--) v[j][i] = p[i][j] * v[j + 1][i] + q[i][j];
    }
    for (L i = 1; i < n - 1; i++) {
      u[i][0] = 1;
      p[i][0] = 0;
      q[i][0] = 1;
      for (L j = 1; j < n - 1; j++) {
        p[i][j] = -f / (d * p[i][j - 1] + e);
        q[i][j] = (-a * v[i - 1][j] + (1 + 2 * a) * v[i][j] - c * v[i + 1][j] - d * q[i][j - 1]) /
                  (d * p[i][j - 1] + e);
      }
      u[i][n - 1] = 1;
      for (L j = n - 2; j >= 1; j--) u[i][j] = p[i][j] * u[i][j + 1] + q[i][j];
    }
  }
}
