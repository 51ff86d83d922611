/* Minimum-error subset sum in plain C, one core: meet in the middle.
 * Each half's sums are built sorted by merging, with subset codes; then two pointers. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct {
    double *sum;
    uint32_t *code;
} Table;

static Table allocate(int n) {
    Table t = {malloc(sizeof(double) << n), malloc(sizeof(uint32_t) << n)};
    if (!t.sum || !t.code) abort();
    return t;
}

static void release(Table t) {
    free(t.sum);
    free(t.code);
}

/* Sort all sums of x[0..n-1] into *t; *spare is as large. */
static void build(const double *x, int n, Table *t, Table *spare) {
    t->sum[0] = 0.0;
    t->code[0] = 0;
    for (int k = 0; k < n; k++) {
        const double *sum = t->sum;
        const uint32_t *code = t->code;
        const uint32_t bit = (uint32_t)1 << k;
        const size_t m = (size_t)1 << k;
        size_t i = 0, j = 0, o = 0;
        while (i < m && j < m) {
            const double a = sum[i], b = sum[j] + x[k];
            if (a <= b) {
                spare->sum[o] = a;
                spare->code[o++] = code[i++];
            } else {
                spare->sum[o] = b;
                spare->code[o++] = code[j++] | bit;
            }
        }
        for (; i < m; i++, o++) {
            spare->sum[o] = sum[i];
            spare->code[o] = code[i];
        }
        for (; j < m; j++, o++) {
            spare->sum[o] = sum[j] + x[k];
            spare->code[o] = code[j] | bit;
        }
        const Table done = *spare;
        *spare = *t;
        *t = done;
    }
}

/* pool: count x n; writes the least error and the subset's code for each target. */
void solve(const double *pool, const double *target, long count, int n, double *error, uint64_t *code) {
    const int h = n / 2, g = n - h;
    Table left = allocate(g), right = allocate(g), spare = allocate(g);
    for (long p = 0; p < count; p++) {
        const double *x = pool + p * n;
        build(x, h, &left, &spare);
        build(x + h, g, &right, &spare);
        const size_t end = (size_t)1 << h;
        size_t i = 0, j = (size_t)1 << g;
        error[p] = INFINITY;
        while (i < end && j > 0) {
            const double d = left.sum[i] + right.sum[j - 1] - target[p], e = fabs(d);
            if (e < error[p]) {
                error[p] = e;
                code[p] = left.code[i] | (uint64_t)right.code[j - 1] << h;
            }
            if (d < 0)
                i++;
            else
                j--;
        }
    }
    release(left);
    release(right);
    release(spare);
}
