// Running sums, products and extremes. Included in namespace tern: see isa/each.inl.
namespace TERN_ISA {
namespace {
/// `count` lines from the one at out and x on, which lie so far apart, together: none waits for another's additions.
template <class T, bool product, int count>
void fold_lines(char *out, int64_t out_line, const char *x, int64_t x_line, const Scan scan) {
    running<T> state[count];
    for (int l = 0; l < count; ++l) state[l] = running<T>(product);
    for (int64_t t = 0; t < scan.length; ++t, out += scan.out_stride, x += scan.x_stride)
        for (int l = 0; l < count; ++l) {
            const running<T> e = running<T>(load(*reinterpret_cast<const T *>(x + l * x_line)));
            state[l] = product ? mul(state[l], e) : add(state[l], e);
            *reinterpret_cast<T *>(out + l * out_line) = convert<T>(state[l]);
        }
}

/// n <= scan_width lines that lie side by side: a row of one element of each at a time.
template <class T, bool product> void fold_rows(T *out, const T *x, int64_t n, const Scan scan) {
    running<T> state[scan_width];
    std::fill(state, state + n, running<T>(product));
    for (int64_t t = 0; t < scan.length; ++t, out += scan.out_stride / int64_t(sizeof(T)), x += scan.x_stride / int64_t(sizeof(T)))
        TERN_VECTOR_LOOP for (int64_t c = 0; c < n; ++c) {
            const running<T> e = running<T>(load(x[c]));
            state[c] = product ? mul(state[c], e) : add(state[c], e);
            out[c] = convert<T>(state[c]);
        }
}

template <class T, bool product> void scan_fold(char *const *data, const int64_t *strides, int64_t n, const void *context) {
    const Scan scan = *static_cast<const Scan *>(context);
    char *out = data[0];
    const char *x = data[1];
    if (scan.by_rows && strides[0] == sizeof(T) && strides[1] == sizeof(T)) {
        for (int64_t i = 0; i < n; i += scan_width)
            fold_rows<T, product>(reinterpret_cast<T *>(out) + i, reinterpret_cast<const T *>(x) + i, std::min(n - i, scan_width), scan);
        return;
    }
    int64_t i = 0;
    const auto lines = [&]<int count>(std::integral_constant<int, count>) {
        for (; i + count <= n; i += count)
            fold_lines<T, product, count>(out + i * strides[0], strides[0], x + i * strides[1], strides[1], scan);
    };
    if (scan.by_rows) lines(std::integral_constant<int, 16>());  // a cache line is used up while it is at hand
    lines(std::integral_constant<int, 4>());
    lines(std::integral_constant<int, 1>());
}

/// Whether e takes the place of the extreme so far: of equals the last does, and NaN, which none but another takes over from.
template <bool greatest, class T> bool takes(T e, T before) {
    const auto value = load(e), current = load(before);
    return (value != value) | (greatest ? value >= current : value <= current);
}

/// As fold_lines: the extreme so far, and where it stands.
template <class T, bool greatest, int count>
void extreme_lines(char *const *data, const int64_t *strides, int64_t i, const Scan scan) {
    char *out = data[0] + i * strides[0], *index = data[2] + i * strides[2];
    const char *x = data[1] + i * strides[1];
    const int64_t out_line = strides[0], x_line = strides[1], index_line = strides[2];
    T best[count];
    int64_t at[count] = {};
    for (int l = 0; l < count; ++l) best[l] = *reinterpret_cast<const T *>(x + l * x_line);
    for (int64_t t = 0; t < scan.length; ++t, out += scan.out_stride, x += scan.x_stride, index += scan.index_stride)
        for (int l = 0; l < count; ++l) {
            const T e = *reinterpret_cast<const T *>(x + l * x_line);
            if (takes<greatest>(e, best[l])) [[unlikely]] best[l] = e, at[l] = t;
            *reinterpret_cast<T *>(out + l * out_line) = best[l];
            *reinterpret_cast<int64_t *>(index + l * index_line) = at[l];
        }
}

/// As fold_rows.
template <class T, bool greatest> void extreme_rows(T *out, int64_t *index, const T *x, int64_t n, const Scan scan) {
    T best[scan_width];
    int64_t at[scan_width];
    std::copy(x, x + n, best), std::fill(at, at + n, 0);
    for (int64_t t = 0; t < scan.length; ++t) {
        TERN_VECTOR_LOOP for (int64_t c = 0; c < n; ++c) {
            const T e = x[c], before = best[c];
            const bool take = takes<greatest>(e, before);
            out[c] = best[c] = take ? e : before;
            index[c] = at[c] = take ? t : at[c];
        }
        out += scan.out_stride / int64_t(sizeof(T)), x += scan.x_stride / int64_t(sizeof(T));
        index += scan.index_stride / int64_t(sizeof(int64_t));
    }
}

template <class T, bool greatest> void scan_extreme(char *const *data, const int64_t *strides, int64_t n, const void *context) {
    const Scan scan = *static_cast<const Scan *>(context);
    if (scan.by_rows && strides[0] == sizeof(T) && strides[1] == sizeof(T) && strides[2] == sizeof(int64_t)) {
        for (int64_t i = 0; i < n; i += scan_width)
            extreme_rows<T, greatest>(reinterpret_cast<T *>(data[0]) + i, reinterpret_cast<int64_t *>(data[2]) + i,
                                      reinterpret_cast<const T *>(data[1]) + i, std::min(n - i, scan_width), scan);
        return;
    }
    int64_t i = 0;
    if constexpr (sizeof(T) < 8)  // otherwise memory is what they wait for
        for (; i + 4 <= n; i += 4) extreme_lines<T, greatest, 4>(data, strides, i, scan);
    for (; i < n; ++i) extreme_lines<T, greatest, 1>(data, strides, i, scan);
}

template <class T> constexpr Kernel scan_folds[] = {scan_fold<T, false>, scan_fold<T, true>};
template <class T> constexpr Kernel scan_extremes[] = {scan_extreme<T, true>, scan_extreme<T, false>};
}  // namespace
}  // namespace TERN_ISA
