// A vector of numbers T, as wide as the instruction set has them. Included by other *.inl, which immintrin.h has to come before.
#ifndef TERN_UNROLL
#define TERN_UNROLL _Pragma("clang loop unroll(full)")
#endif

namespace TERN_ISA {
namespace {
template <class T> struct Lane {
    static constexpr int64_t count = (16 << TERN_LEVEL) / sizeof(T);
    typedef T Vec __attribute__((ext_vector_type((16 << TERN_LEVEL) / sizeof(T)), aligned(alignof(T)), may_alias));
    static Vec at(const T *x) { return *reinterpret_cast<const Vec *>(x); }
    static void put(T *x, Vec value) { *reinterpret_cast<Vec *>(x) = value; }

    // The first n numbers of a vector; the others are not touched, and read as `fill`.
#if TERN_LEVEL == 2
    static auto mask(int64_t n) {
        if constexpr (sizeof(T) == 4) return __mmask16((1u << n) - 1);
        else return __mmask8((1u << n) - 1);
    }
    template <class M> static Vec some(const T *x, M m, Vec fill = T(0)) {
        if constexpr (sizeof(T) == 4) return Vec(_mm512_mask_loadu_ps(__m512(fill), m, x));
        else return Vec(_mm512_mask_loadu_pd(__m512d(fill), m, x));
    }
    template <class M> static void put_some(T *x, Vec value, M m) {
        if constexpr (sizeof(T) == 4) _mm512_mask_storeu_ps(x, m, __m512(value));
        else _mm512_mask_storeu_pd(x, m, __m512d(value));
    }
#elif TERN_LEVEL == 1
    static __m256i mask(int64_t n) {
        if constexpr (sizeof(T) == 4) return _mm256_cmpgt_epi32(_mm256_set1_epi32(int(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
        else return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
    }
    static Vec some(const T *x, __m256i m, Vec fill = T(0)) {
        if constexpr (sizeof(T) == 4) return Vec(_mm256_blendv_ps(__m256(fill), _mm256_maskload_ps(x, m), __m256(m)));
        else return Vec(_mm256_blendv_pd(__m256d(fill), _mm256_maskload_pd(x, m), __m256d(m)));
    }
    static void put_some(T *x, Vec value, __m256i m) {
        if constexpr (sizeof(T) == 4) _mm256_maskstore_ps(x, m, __m256(value));
        else _mm256_maskstore_pd(x, m, __m256d(value));
    }
#else
    static int64_t mask(int64_t n) { return n; }
    static Vec some(const T *x, int64_t n, Vec fill = T(0)) {
        T lanes[count];
        put(lanes, fill);
        for (int64_t l = 0; l < n; l++) lanes[l] = x[l];
        return at(lanes);
    }
    static void put_some(T *x, Vec value, int64_t n) {
        T lanes[count];
        put(lanes, value);
        for (int64_t l = 0; l < n; l++) x[l] = lanes[l];
    }
#endif
};

/// One number of all lanes: combine(combine(…), …).
template <class T, class F> T fold_lanes(typename Lane<T>::Vec x, const F &combine) {
    T lanes[Lane<T>::count];
    Lane<T>::put(lanes, x);
    for (int64_t half = Lane<T>::count / 2; half > 0; half /= 2)
        for (int64_t l = 0; l < half; l++) lanes[l] = combine(lanes[l], lanes[l + half]);
    return lanes[0];
}
}  // namespace
}  // namespace TERN_ISA
