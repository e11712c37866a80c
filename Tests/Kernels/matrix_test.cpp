/// Matrix products, convolution, pooling, softmax and optimizers against loops as the definitions read, over random sizes and strides.
#include <algorithm>

#include "testing.h"

int passed = 0, failed = 0;

namespace {
using Number = std::complex<double>;

Number value(const Tensor &x, int64_t i) {
    Number result;
    visit_all(x.array.dtype, [&](auto type) { result = convert<Number>(x.get<typename decltype(type)::type>(i)); });
    return result;
}
int64_t at(const Shape &index, const Shape &shape) {
    int64_t i = 0;
    for (size_t d = 0; d < shape.size(); ++d) i = i * shape[d] + index[d];
    return i;
}

/// What a number of `dtype` may be off by, where `terms` of size 1 or so were added.
double tolerance(TernDType dtype, int64_t terms) {
    const double sum = 4 + double(terms);
    switch (dtype) {
        case TERN_FLOAT16: return 0x1p-10 * 8 + sum * 0x1p-23;
        case TERN_BFLOAT16: return 0x1p-7 * 8 + sum * 0x1p-23;
        case TERN_FLOAT32: return sum * 0x1p-22;
        case TERN_COMPLEX64: return sum * 0x1p-21;  // each product is four
        case TERN_COMPLEX128: return sum * 0x1p-50;
        default: return sum * 0x1p-51;
    }
}
Number wrapped(TernDType dtype, int64_t exact) {
    Number result = double(exact);
    visit_integers(dtype, [&](auto type) { result = double(typename decltype(type)::type(exact)); });
    return result;
}
TernDType any_of(const std::vector<TernDType> &dtypes) { return dtypes[size_t(random_int(0, int64_t(dtypes.size()) - 1))]; }
/// An output in some layout, full of NaN.
Tensor output(TernDType dtype, const Shape &shape) {
    Tensor x(dtype, shape, int(random_int(0, 1)));
    std::fill(x.memory.begin(), x.memory.end(), char(0xff));
    return x;
}
Tensor input(TernDType dtype, const Shape &shape) { return random_tensor(dtype, shape, int(random_int(0, 2)), false); }
void compare(const char *what, const Tensor &x, int64_t i, Number wanted, double allowed) {
    const Number got = value(x, i);
    CHECK(got == wanted || std::abs(got - wanted) <= allowed * (1 + std::abs(wanted)), "%s, dtype %d, element %lld: %g%+gi, not %g%+gi",
          what,
          x.array.dtype, (long long)i, got.real(), got.imag(), wanted.real(), wanted.imag());
}

// Matrix products -----------------------------------------------------------------------------------------------------
/// One product: of operands in any layout, transposed or not, that have all of the batch's dimensions, size 1 for some, or the last few.
void test_matmul(int64_t m, int64_t n, int64_t k, const Shape &batch, TernDType dtype, bool has_bias) {
    auto broadcast = [&](bool whole, int64_t rows, int64_t columns) {
        Shape s(batch.begin() + (whole ? 0 : random_int(0, int64_t(batch.size()))), batch.end());
        if (!whole) for (int64_t &size : s) size = random_int(0, 3) ? size : 1;
        s.push_back(rows), s.push_back(columns);
        return s;
    };
    const bool whole = random_int(0, 1), transposed_a = random_int(0, 1), transposed_b = random_int(0, 1);
    const Tensor a = input(dtype, broadcast(whole, transposed_a ? k : m, transposed_a ? m : k)),
        b = input(dtype, broadcast(whole, transposed_b ? n : k, transposed_b ? k : n)),
        bias = input(dtype, broadcast(whole, whole || random_int(0, 1) ? m : 1, whole || random_int(0, 1) ? n : 1)),
        out = output(dtype, broadcast(true, m, n));
    CHECK(tern_matmul(out, a, b, has_bias ? &bias.array : nullptr, transposed_a, transposed_b), "dtype %d", dtype);
    /// Element (row, column) of the matrix that x has for that of out which begins with element `first`.
    auto at = [&](const Tensor &x, int64_t first, int64_t row, int64_t column) {
        const int32_t rank = x.array.rank, lead = out.array.rank - rank;
        int64_t i = 0, step = 1, rest = first / (m * n);
        const int64_t place[2] = {column, row};
        for (int32_t d = rank - 1; d >= 0; --d) {
            const int64_t size = x.array.shape[d], full = d < rank - 2 ? batch[size_t(d + lead)] : size;
            const int64_t index = d < rank - 2 ? rest % full : place[rank - 1 - d];
            if (d < rank - 2) rest /= full;
            i += size == 1 ? 0 : index * step;
            step *= size;
        }
        return value(x, i);
    };
    const bool exact = dtype <= TERN_INT64;
    // Every element of a small product, some of a large one.
    for (int64_t tries = std::min<int64_t>(out.count(), 200), t = 0; t < tries; ++t) {
        const int64_t i = tries == out.count() ? t : random_int(0, out.count() - 1);
        const int64_t row = i % (m * n) / n, column = i % n;
        Number sum = has_bias ? at(bias, i, row, column) : 0;
        for (int64_t p = 0; p < k; ++p)
            sum += at(a, i, transposed_a ? p : row, transposed_a ? row : p) * at(b, i, transposed_b ? column : p, transposed_b ? p : column);
        compare("matmul", out, i, exact ? wrapped(dtype, int64_t(sum.real())) : sum, exact ? 0 : tolerance(dtype, k));
    }
}

/// Products whose first factor is copied, in panels and slabs of k, against products of a few columns each, for which it is read as it is.
void test_large_products() {
    for (const bool transposed : {false, true})
        for (const Shape &size : {Shape{1800, 100, 600}, Shape{70, 600, 1024}}) {
            const int64_t m = size[0], n = size[1], k = size[2], apart[2] = {n, 1};
            const Tensor a = random_tensor(TERN_FLOAT32, transposed ? Shape{k, m} : Shape{m, k}, 0, false);
            const Tensor b = random_tensor(TERN_FLOAT32, {k, n}, 0, false), whole = output(TERN_FLOAT32, {m, n});
            const Tensor parts = random_tensor(TERN_FLOAT32, {m, n}, 0, false);
            CHECK(tern_matmul(whole, a, b, nullptr, transposed, false), "large product");
            for (int64_t first = 0; first < n; first += 30) {
                const int64_t width = std::min<int64_t>(30, n - first), from[2] = {k, width}, to[2] = {m, width};
                TernArray columns = b.array, target = parts.array;
                columns.data = &b.get<float>(first), columns.shape = from, columns.strides = apart;
                target.data = &parts.get<float>(first), target.shape = to, target.strides = apart;
                CHECK(tern_matmul(&target, a, &columns, nullptr, transposed, false), "its columns");
            }
            for (int64_t i = 0; i < m * n; ++i) compare("large product", whole, i, value(parts, i), tolerance(TERN_FLOAT32, k));
        }
}

/// By a transposed B, which all threads' rows share a copy of: no bit depends on their number.
void test_matmul_threads(TernDType dtype, int64_t m, int64_t n, int64_t k) {
    const Tensor a = random_tensor(dtype, {m, k}, 0, false), b = random_tensor(dtype, {n, k}, 0, false);
    const Tensor one(dtype, {m, n}, 0), many(dtype, {m, n}, 0);
    const int32_t threads = tern_thread_count();
    tern_set_thread_count(1), tern_matmul(one, a, b, nullptr, false, true);
    tern_set_thread_count(5), tern_matmul(many, a, b, nullptr, false, true);
    tern_set_thread_count(threads);
    CHECK(one.memory == many.memory, "dtype %d: one thread or five", dtype);
    Number last = 0;
    for (int64_t p = 0; p < k; ++p) last += value(a, m * k - k + p) * value(b, n * k - k + p);
    compare("by a transposed matrix", one, m * n - 1, last, tolerance(dtype, k));
}

/// Vectors as one row and one column.
void test_vector_products() {
    const Tensor row = input(TERN_FLOAT32, {40}), column = input(TERN_FLOAT32, {40}), matrix = input(TERN_FLOAT32, {40, 40});
    const Tensor dot = output(TERN_FLOAT32, {1, 1}), left = output(TERN_FLOAT32, {1, 40}), right = output(TERN_FLOAT32, {40, 1});
    tern_matmul(dot, row, column, nullptr, false, false);
    tern_matmul(left, row, matrix, nullptr, false, false), tern_matmul(right, matrix, column, nullptr, false, false);
    Number sums[3] = {};
    for (int64_t p = 0; p < 40; ++p) {
        sums[0] += value(row, p) * value(column, p);
        sums[1] += value(row, p) * value(matrix, p * 40 + 7), sums[2] += value(matrix, 7 * 40 + p) * value(column, p);
    }
    compare("vector by vector", dot, 0, sums[0], tolerance(TERN_FLOAT32, 40));
    compare("vector by matrix", left, 7, sums[1], tolerance(TERN_FLOAT32, 40));
    compare("matrix by vector", right, 7, sums[2], tolerance(TERN_FLOAT32, 40));
}

void test_matmuls() {
    const std::vector<TernDType> dtypes = {TERN_FLOAT32, TERN_FLOAT32, TERN_FLOAT64, TERN_FLOAT16, TERN_BFLOAT16, TERN_INT8, TERN_UINT8,
                                           TERN_INT16, TERN_INT32, TERN_INT64, TERN_COMPLEX64, TERN_COMPLEX128};
    const std::vector<Shape> batches = {{}, {}, {}, {3}, {2, 2}, {0}, {1, 18}};
    const std::vector<int64_t> sizes = {0, 1, 2, 3, 4, 5, 7, 13, 14, 15, 16, 17, 28, 31, 32, 33, 65};
    auto size = [&] { return sizes[size_t(random_int(0, int64_t(sizes.size()) - 1))]; };
    for (int round = 0; round < 600; ++round) {
        const Shape &batch = batches[size_t(random_int(0, int64_t(batches.size()) - 1))];
        const bool deep = random_int(0, 7) == 0;
        test_matmul(size(), size(), deep ? random_int(500, 1040) : size(), batch, any_of(dtypes), random_int(0, 1));
    }
    test_matmul(300, 200, 1100, {}, TERN_FLOAT32, true);
    test_large_products();
    for (int round = 0; round < 20; ++round) test_vector_products();
    for (int64_t m = 1; m <= 13; ++m) test_matmul(m, random_int(200, 300), random_int(16, 300), {}, m % 2 ? TERN_FLOAT32 : TERN_FLOAT64, m % 3);
    test_matmul(9000, 40, 300, {}, TERN_FLOAT32, true);   // A in slabs, of k
    test_matmul(5000, 33, 600, {}, TERN_BFLOAT16, true);  // and of rows
    test_matmul(2, 3000, 100, {}, TERN_FLOAT32, true);
    for (const TernDType half : {TERN_FLOAT16, TERN_BFLOAT16}) {
        for (int64_t m = 1; m <= 10; ++m) test_matmul(m, random_int(200, 600), random_int(16, 300), {}, half, m % 3);
        for (int64_t k = 1100; k < 1104; ++k) test_matmul(70, 300, k, {}, half, k % 2);  // pairs, and one left over
    }
    test_matmul(3000, 1, 100, {}, TERN_FLOAT64, false);
    CHECK(!tern_matmul(Tensor(TERN_BOOL, {2, 2}, 0), Tensor(TERN_BOOL, {2, 2}, 0), Tensor(TERN_BOOL, {2, 2}, 0), nullptr, false, false),
          "no bool products");

    // Infinities and NaN go where they belong, and no bit depends on the number of threads.
    const Tensor a = random_tensor(TERN_FLOAT32, {150, 400}, 0, false), b = random_tensor(TERN_FLOAT32, {400, 333}, 0, false);
    a.get<float>(3) = INFINITY, b.get<float>(700) = NAN;
    const Tensor one(TERN_FLOAT32, {150, 333}, 0), many(TERN_FLOAT32, {150, 333}, 0);
    const int32_t threads = tern_thread_count();
    tern_set_thread_count(1), tern_matmul(one, a, b, nullptr, false, false);
    tern_set_thread_count(5), tern_matmul(many, a, b, nullptr, false, false);
    tern_set_thread_count(threads);
    CHECK(one.memory == many.memory, "one thread or five");
    CHECK(std::isinf(one.get<float>(0)) || std::isnan(one.get<float>(0)), "infinity stays");
    CHECK(std::isnan(one.get<float>(333 + 700 % 333)) && !std::isnan(one.get<float>(333)), "a NaN stays in its column");
    test_matmul_threads(TERN_FLOAT32, 150, 333, 400);
    test_matmul_threads(TERN_BFLOAT16, 150, 333, 1401);
    test_matmul_threads(TERN_FLOAT32, 60, 600, 15000);  // a B that is too large to be shared
}

// Convolution and pooling ------------------------------------------------------------------------------------------------
/// f(output position, tap, input position) for all that lie inside; flat indices into the planes.
template <class F> void windows(const Shape &in, const Shape &out, const Shape &kernel, const int64_t *stride, const int64_t *padding,
                                const int64_t *dilation, const F &f) {
    for (int64_t o = 0; o < product(out); ++o)
        for (int64_t t = 0; t < product(kernel); ++t) {
            const Shape position = unravel(o, out), tap = unravel(t, kernel);
            Shape from(in.size());
            bool inside = true;
            for (size_t d = 0; d < in.size(); ++d) {
                from[d] = position[d] * stride[d] - padding[d] + tap[d] * dilation[d];
                inside = inside && from[d] >= 0 && from[d] < in[d];
            }
            if (inside) f(o, t, at(from, in));
        }
}

void test_convolutions() {
    const std::vector<TernDType> dtypes = {TERN_FLOAT32, TERN_FLOAT32, TERN_FLOAT64, TERN_FLOAT16, TERN_BFLOAT16, TERN_COMPLEX64,
                                           TERN_COMPLEX128};
    for (int round = 0; round < 250; ++round) {
        const size_t rank = size_t(random_int(1, 3));
        const TernDType dtype = any_of(dtypes);
        TernConvolution c{};
        c.groups = random_int(0, 2) ? 1 : random_int(2, 9);
        const bool wide = round % 10 == 0;  // lines of several vectors, several panels of rows
        const bool many = round % 10 == 5;  // images that fill vectors, of small planes; few channels, or several panels of them
        const bool pointwise = round % 10 == 7;  // one tap; large planes too
        const bool heavy = round % 10 == 3;  // more weights than images
        const int64_t batch = many ? random_int(12, 40) : random_int(1, 3);
        const int64_t channels = round % 30 == 1 ? 0 : many && c.groups == 1 ? random_int(1, 20) : random_int(1, 3);
        const int64_t outs = wide || heavy || (many && c.groups == 1) ? random_int(4, 36) : random_int(1, 4);
        Shape in(rank), out(rank), kernel(rank);
        for (size_t d = 0; d < rank; ++d) {
            c.stride[d] = random_int(1, 3), c.padding[d] = random_int(0, 2), c.dilation[d] = random_int(1, 2), kernel[d] = random_int(1, 3);
            if (heavy) kernel[d] = 3, c.stride[d] = 1;
            if (pointwise) kernel[d] = 1, c.padding[d] = 0, c.dilation[d] = 1;
            const int64_t extent = c.dilation[d] * (kernel[d] - 1) + 1;
            in[d] = std::max<int64_t>(random_int(1, pointwise && rank == 2 ? 30 : rank == 3 || many ? 5 : 9), extent - 2 * c.padding[d]);
            if (wide && d == rank - 1) in[d] = random_int(12, 70);
            out[d] = (in[d] + 2 * c.padding[d] - extent) / c.stride[d] + 1;
        }
        auto shape = [](int64_t a, int64_t b, const Shape &plane) {
            Shape s = {a, b};
            s.insert(s.end(), plane.begin(), plane.end());
            return s;
        };
        const int64_t C = channels * c.groups, O = outs * c.groups, P = product(out), Q = product(in), K = product(kernel);
        const Tensor x = input(dtype, shape(batch, C, in)), w = input(dtype, shape(O, channels, kernel)), bias = input(dtype, {O});
        const Tensor g = input(dtype, shape(batch, O, out));
        const Tensor y = output(dtype, shape(batch, O, out)), dx = output(dtype, shape(batch, C, in)),
            dw = output(dtype, shape(O, channels, kernel));
        const bool has_bias = random_int(0, 1);
        CHECK(tern_convolution(y, x, w, has_bias ? &bias.array : nullptr, &c), "dtype %d", dtype);
        CHECK(tern_convolution_input_gradient(dx, g, w, &c), "dtype %d", dtype);
        CHECK(tern_convolution_weight_gradient(dw, g, x, &c), "dtype %d", dtype);
        std::vector<Number> ys(size_t(y.count())), dxs(size_t(dx.count())), dws(size_t(dw.count()));
        for (int64_t i = 0; i < y.count(); ++i) ys[size_t(i)] = has_bias ? value(bias, i / P % O) : 0;
        windows(in, out, kernel, c.stride, c.padding, c.dilation, [&](int64_t p, int64_t t, int64_t q) {
            for (int64_t n = 0; n < batch; ++n)
                for (int64_t o = 0; o < O; ++o)
                    for (int64_t k = 0; k < channels; ++k) {
                        const int64_t yi = (n * O + o) * P + p, xi = (n * C + o / outs * channels + k) * Q + q,
                            wi = (o * channels + k) * K + t;
                        ys[size_t(yi)] += value(x, xi) * value(w, wi);
                        dxs[size_t(xi)] += value(g, yi) * value(w, wi);
                        dws[size_t(wi)] += value(g, yi) * value(x, xi);
                    }
        });
        for (int64_t i = 0; i < y.count(); ++i) compare("convolution", y, i, ys[size_t(i)], tolerance(dtype, channels * K));
        for (int64_t i = 0; i < dx.count(); ++i) compare("input gradient", dx, i, dxs[size_t(i)], tolerance(dtype, outs * K));
        for (int64_t i = 0; i < dw.count(); ++i) compare("weight gradient", dw, i, dws[size_t(i)], tolerance(dtype, batch * P));
    }
}

/// The three products are the same, bit for bit, whatever the number of threads.
void test_convolution_threads(int64_t batch, int64_t channels, int64_t outs, int64_t side, int64_t kernel, int64_t stride) {
    const TernConvolution c{{stride, stride}, {kernel / 2, kernel / 2}, {1, 1}, 1};
    const int64_t to = (side - 1) / stride + 1;
    auto tensor = [](const Shape &shape) { return random_tensor(TERN_FLOAT32, shape, 0, false); };
    const Tensor x = tensor({batch, channels, side, side}), w = tensor({outs, channels, kernel, kernel}), g = tensor({batch, outs, to, to});
    const Tensor first[3] = {g, x, w};
    const int before = tern_thread_count();
    for (int threads : {1, 2, 5}) {
        tern_set_thread_count(threads);
        const Tensor results[3] = {g, x, w};
        CHECK(tern_convolution(results[0], x, w, nullptr, &c) && tern_convolution_input_gradient(results[1], g, w, &c) &&
                  tern_convolution_weight_gradient(results[2], g, x, &c), "convolution");
        for (int i = 0; i < 3; ++i) {
            if (threads == 1) std::copy(results[i].memory.begin(), results[i].memory.end(), static_cast<char *>(first[i].array.data));
            else CHECK(results[i].memory == first[i].memory, "product %d with %d threads", i, threads);
        }
    }
    tern_set_thread_count(before);
}

void test_pooling() {
    for (int round = 0; round < 200; ++round) {
        const bool flat = round < 10;  // several planes of large windows over one of the input
        const size_t rank = flat ? 3 : size_t(random_int(1, 3));
        const TernDType dtype = any_of({TERN_FLOAT32, TERN_FLOAT32, TERN_FLOAT64, TERN_FLOAT16, TERN_BFLOAT16});
        TernPooling g{};
        g.countIncludesPadding = random_int(0, 1), g.divisor = random_int(0, 2) ? 0 : 5;
        const int64_t batch = random_int(1, 3), channels = random_int(1, 3), ones[3] = {1, 1, 1};
        Shape in(rank), out(rank), averaged(rank), kernel(rank);
        for (size_t d = 0; d < rank; ++d) {
            const bool large = round % 5 == 0;  // windows that share most of their taps
            g.stride[d] = random_int(1, large ? 2 : 3), kernel[d] = g.kernel[d] = random_int(1, large ? 8 : 4);
            g.dilation[d] = random_int(1, round % 3 ? 2 : 3);
            g.padding[d] = random_int(0, kernel[d] / 2);
            if (flat) g.stride[d] = g.dilation[d] = 1, kernel[d] = g.kernel[d] = d ? 7 : 2, g.padding[d] = kernel[d] / 2;
            const int64_t extent = g.dilation[d] * (kernel[d] - 1) + 1;
            const int64_t size = flat ? (d ? 16 : 1) : random_int(1, d + 1 == rank && round % 4 == 0 ? 50 : 9);
            in[d] = std::max(size, extent - 2 * g.padding[d]);
            auto outputs = [&](int64_t extent) {
                int64_t n = (in[d] + 2 * g.padding[d] - extent + g.stride[d] - 1) / g.stride[d] + 1;  // a last window may stick out …
                return (n - 1) * g.stride[d] >= in[d] + g.padding[d] ? n - 1 : n;                     // … but begins inside
            };
            out[d] = outputs(extent), averaged[d] = outputs(kernel[d]);
        }
        auto shape = [&](const Shape &plane) {
            Shape s = {batch, channels};
            s.insert(s.end(), plane.begin(), plane.end());
            return s;
        };
        const int64_t planes = batch * channels, P = product(out), Q = product(in), R = product(averaged);
        const Tensor x = random_tensor(dtype, shape(in), int(random_int(0, 2)), true), y = output(dtype, shape(out)),
            places = output(TERN_INT64, shape(out));
        CHECK(tern_max_pool(y, places, x, &g), "dtype %d", dtype);
        for (int64_t n = 0; n < planes; ++n) {
            std::vector<double> most(size_t(P), -INFINITY);
            std::vector<int64_t> place(size_t(P), -1);
            windows(in, out, kernel, g.stride, g.padding, g.dilation, [&](int64_t p, int64_t, int64_t q) {
                const double v = value(x, n * Q + q).real();
                if (place[size_t(p)] < 0 || v > most[size_t(p)] || v != v) most[size_t(p)] = v, place[size_t(p)] = q;
            });
            for (int64_t p = 0; p < P; ++p) {
                const double got = value(y, n * P + p).real();
                CHECK(got == most[size_t(p)] || (got != got && most[size_t(p)] != most[size_t(p)]), "max pool: %g, not %g", got,
                      most[size_t(p)]);
                CHECK(place[size_t(p)] < 0 || places.get<int64_t>(n * P + p) == place[size_t(p)], "max pool's index");
            }
        }
        const Tensor z = input(dtype, shape(in)), mean = output(dtype, shape(averaged)), dy = input(dtype, shape(averaged)),
            dz = output(dtype, shape(in));
        CHECK(tern_avg_pool(mean, z, &g) && tern_avg_pool_gradient(dz, dy, &g), "dtype %d", dtype);
        for (int64_t n = 0; n < planes; ++n) {
            std::vector<double> sums(size_t(R), 0), gradient(size_t(Q), 0), divisor(size_t(R), 0);
            windows(in, averaged, kernel, g.stride, g.padding, ones, [&](int64_t p, int64_t, int64_t) { divisor[size_t(p)] += 1; });
            for (int64_t p = 0; p < R; ++p) {
                const Shape position = unravel(p, averaged);
                double size = 1;
                for (size_t d = 0; d < rank; ++d) {
                    const int64_t start = position[d] * g.stride[d] - g.padding[d];
                    size *= double(std::min(start + kernel[d], in[d] + g.padding[d]) - start);
                }
                if (g.divisor) divisor[size_t(p)] = double(g.divisor);
                else if (g.countIncludesPadding) divisor[size_t(p)] = size;
            }
            windows(in, averaged, kernel, g.stride, g.padding, ones, [&](int64_t p, int64_t, int64_t q) {
                sums[size_t(p)] += value(z, n * Q + q).real();
                gradient[size_t(q)] += value(dy, n * R + p).real() / divisor[size_t(p)];
            });
            for (int64_t p = 0; p < R; ++p)
                compare("average pool", mean, n * R + p, sums[size_t(p)] == 0 ? 0 : sums[size_t(p)] / divisor[size_t(p)],
                        tolerance(dtype, 64));
            for (int64_t q = 0; q < Q; ++q) compare("average pool's gradient", dz, n * Q + q, gradient[size_t(q)], tolerance(dtype, 64));
        }
    }
}

// Softmax -----------------------------------------------------------------------------------------------------------------
void test_softmax() {
    for (int round = 0; round < 300; ++round) {
        const TernDType dtype = any_of({TERN_FLOAT32, TERN_FLOAT32, TERN_FLOAT64, TERN_FLOAT16, TERN_BFLOAT16});
        const Shape shape = random_shape(4, random_int(0, 5) ? 6 : 40);
        const int32_t dim = shape.empty() ? 0 : int32_t(random_int(0, int64_t(shape.size()) - 1));
        const bool logarithm = random_int(0, 1), special = random_int(0, 1);
        const Tensor x = random_tensor(dtype, shape, int(random_int(0, 2)), special), y = output(dtype, shape);
        CHECK(tern_softmax(y, x, dim, logarithm), "dtype %d", dtype);
        const Tensor g = input(dtype, shape), given = input(dtype, shape), dx = output(dtype, shape);
        CHECK(tern_softmax_gradient(dx, g, given, dim, logarithm), "dtype %d", dtype);
        for (int64_t i = 0; i < x.count(); ++i) {
            const int64_t n = shape.empty() ? 1 : shape[size_t(dim)];
            double most = -INFINITY, sum = 0, dot = 0, size = 0;
            auto each = [&](auto f) {
                Shape index = unravel(i, shape);
                for (int64_t l = 0; l < n; ++l) {
                    if (!shape.empty()) index[size_t(dim)] = l;
                    f(at(index, shape));
                }
            };
            each([&](int64_t j) { most = std::max(most, value(x, j).real()); });
            each([&](int64_t j) { sum += std::exp(value(x, j).real() - most); });
            each([&](int64_t j) {
                const double term = value(g, j).real() * (logarithm ? 1 : value(given, j).real());
                dot += term, size += std::fabs(term);  // which may cancel
            });
            const double shifted = value(x, i).real() - most, wanted = logarithm ? shifted - std::log(sum) : std::exp(shifted) / sum,
                got = value(y, i).real();
            // float16 rounds even what is large; beyond its range it is infinite.
            const bool large = std::fabs(wanted) > 60000;
            CHECK(large || got == wanted || (got != got && wanted != wanted)
                  || std::fabs(got - wanted) <= tolerance(dtype, n) * (1 + std::fabs(wanted)),
                  "softmax, dtype %d: %g, not %g", dtype, got, wanted);
            const double v = value(given, i).real(), gi = value(g, i).real();
            compare("softmax's gradient", dx, i, logarithm ? gi - std::exp(v) * dot : v * (gi - dot),
                    tolerance(dtype, 8 * n) * (1 + size * (logarithm ? std::exp(v) : std::fabs(v))));
        }
    }
}

// Optimizers --------------------------------------------------------------------------------------------------------------
template <class T> void test_optimizers(TernDType dtype) {
    for (int round = 0; round < 64; ++round) {
        const int64_t n = random_int(0, 3) ? random_int(0, 70) : 40000;
        const Tensor g = random_tensor(dtype, {n}, 0, false);
        Tensor p = random_tensor(dtype, {n}, 0, false), mean = random_tensor(dtype, {n}, 0, false), square(dtype, {n}, 0),
            most(dtype, {n}, 0);
        for (int64_t i = 0; i < n; ++i) square.get<T>(i) = T(random_unit()), most.get<T>(i) = T(random_unit());
        const Tensor p0 = p, mean0 = mean, square0 = square, most0 = most;
        const bool amsgrad = round & 1;
        const TernAdam adam = {1e-2, round & 2 ? 0.9 : 0.3, 0.99, 1e-8, round & 4 ? 0.1 : 0, 0.3, 0.02, bool(round & 8), bool(round & 16)};
        CHECK(tern_adam_step(p, g, mean, square, amsgrad ? &most.array : nullptr, adam), "adam");
        for (int64_t i = 0; i < n; ++i) {
            double w = double(p0.get<T>(i)), d = double(g.get<T>(i)) * (adam.maximize ? -1 : 1);
            if (adam.decoupled) w *= 1 - adam.learningRate * adam.weightDecay;
            else d += adam.weightDecay * w;
            const double m = adam.beta1 * double(mean0.get<T>(i)) + (1 - adam.beta1) * d;
            const double s = adam.beta2 * double(square0.get<T>(i)) + (1 - adam.beta2) * d * d;
            const double largest = amsgrad ? std::max(s, double(most0.get<T>(i))) : s;
            compare("mean", mean, i, m, tolerance(dtype, 8));
            compare("square", square, i, s, tolerance(dtype, 8));
            if (amsgrad) compare("greatest square", most, i, largest, tolerance(dtype, 8));
            compare("adam", p, i,
                    w - adam.learningRate / adam.biasCorrection1 * m / (std::sqrt(largest) / std::sqrt(adam.biasCorrection2)
                        + adam.epsilon),
                    tolerance(dtype, 100));
        }
        p = p0;
        const Tensor momentum0 = mean;
        const TernSGD sgd = {0.1, round & 1 ? 0.9 : 0, round & 2 ? 0.2 : 0, round & 4 ? 0.1 : 0, bool(round & 8), bool(round & 16),
                             bool(round & 32)};
        CHECK(tern_sgd_step(p, g, sgd.momentum != 0 ? &mean.array : nullptr, sgd), "sgd");
        for (int64_t i = 0; i < n; ++i) {
            double d = double(g.get<T>(i)) * (sgd.maximize ? -1 : 1) + sgd.weightDecay * double(p0.get<T>(i));
            if (sgd.momentum != 0) {
                const double buffer = double(mean.get<T>(i));
                const double before = double(momentum0.get<T>(i));
                compare("momentum", mean, i, sgd.firstStep ? d : sgd.momentum * before + (1 - sgd.dampening) * d, tolerance(dtype, 8));
                d = sgd.nesterov ? d + sgd.momentum * buffer : buffer;
            }
            compare("sgd", p, i, double(p0.get<T>(i)) - sgd.learningRate * d, tolerance(dtype, 8));
        }
    }
}

// The negative log-likelihood ------------------------------------------------------------------------------------------
double real(const Tensor &x, int64_t i) { return value(x, i).real(); }

void test_nll_loss(TernDType dtype, int64_t samples, int64_t places, bool weighted, TernLossReduction reduction) {
    const int64_t classes = 5, ignored = random_int(0, 1) ? -100 : 2, count = samples * places;
    const Tensor x = input(dtype, {samples, classes, places}), target(TERN_INT64, {samples, places}, int(random_int(0, 1)));
    const Tensor weight = input(dtype, {classes});
    visit_floating(dtype, [&](auto type) {
        using T = typename decltype(type)::type;
        for (int64_t c = 0; c < classes; ++c) weight.get<T>(c) = convert<T>(0.5 + random_unit());
    });
    for (int64_t i = 0; i < count; ++i) target.get<int64_t>(i) = random_int(0, 6) ? random_int(0, classes - 1) : ignored;
    const TernArray *const factors = weighted ? &weight.array : nullptr;
    const bool each = reduction == TERN_LOSS_NONE;
    auto factor = [&](int64_t i) {
        const int64_t c = target.get<int64_t>(i);
        return c == ignored ? 0 : weighted ? real(weight, c) : 1;
    };
    auto place = [&](int64_t i, int64_t c) { return (i / places * classes + c) * places + i % places; };
    auto loss = [&](int64_t i) { return factor(i) == 0 ? 0 : -factor(i) * real(x, place(i, target.get<int64_t>(i))); };
    double sum = 0, factors_sum = 0;
    for (int64_t i = 0; i < count; ++i) sum += loss(i), factors_sum += factor(i);
    const double divisor = reduction == TERN_LOSS_MEAN ? factors_sum : 1;

    const Tensor out = output(dtype, each ? Shape{samples, places} : Shape{});
    CHECK(tern_nll_loss(out, x, target, factors, ignored, reduction) == TERN_INDEX_OK, "dtype %d", dtype);
    if (divisor == 0) CHECK(std::isnan(real(out, 0)), "the mean of nothing");
    else if (!each) compare("nll loss", out, 0, sum / divisor, tolerance(dtype, count));
    else for (int64_t i = 0; i < count; ++i) compare("nll losses", out, i, loss(i), tolerance(dtype, 1));

    const Tensor g = input(dtype, out.shape);
    Tensor dx(dtype, x.shape, 0);
    std::fill(dx.memory.begin(), dx.memory.end(), char(0xff));
    CHECK(tern_nll_loss_gradient(dx, g, target, factors, ignored, reduction), "dtype %d", dtype);
    for (int64_t tries = std::min<int64_t>(count, 1000), t = 0; t < tries; ++t) {
        const int64_t i = tries == count ? t : random_int(0, count - 1);
        for (int64_t c = 0; c < classes; ++c) {
            const double slope = c == target.get<int64_t>(i) && c != ignored ? -factor(i) / divisor * real(g, each ? i : 0) : 0;
            compare("nll gradient", dx, place(i, c), slope, tolerance(dtype, 1));
        }
    }
}

/// Against the softmax of each row in double.
void test_cross_entropy(TernDType dtype, int64_t samples, int64_t classes, bool weighted, TernLossReduction reduction) {
    const int64_t ignored = random_int(0, 1) ? -100 : 0;
    const bool each = reduction == TERN_LOSS_NONE;
    Tensor x(dtype, {samples, classes, 1}, int(random_int(0, 1)));
    while (classes > 1 && x.strides[1] != 1) x = Tensor(dtype, x.shape, 1);  // rows lie without gaps, but may lie apart, and backwards
    randomize(x, false);
    const Tensor target(TERN_INT64, {samples, 1}, int(random_int(0, 1)));
    const Tensor weight = random_tensor(dtype, {classes}, 0, false), out = output(dtype, each ? Shape{samples, 1} : Shape{});
    for (int64_t i = 0; i < samples; ++i) target.get<int64_t>(i) = random_int(0, 6) ? random_int(0, classes - 1) : ignored;
    const TernArray *const factors = weighted ? &weight.array : nullptr;
    CHECK(tern_cross_entropy(out, x, target, factors, ignored, reduction) == TERN_INDEX_OK, "dtype %d", dtype);

    auto factor = [&](int64_t i) {
        const int64_t c = target.get<int64_t>(i);
        return c == ignored ? 0 : weighted ? real(weight, c) : 1;
    };
    std::vector<double> powers(size_t(samples), 0), losses(size_t(samples), 0);
    double sum = 0, factors_sum = 0, size = 1;
    for (int64_t i = 0; i < samples; ++i) {
        for (int64_t c = 0; c < classes; ++c) powers[size_t(i)] += std::exp(real(x, i * classes + c));
        const int64_t c = target.get<int64_t>(i);
        if (c == ignored) continue;
        losses[size_t(i)] = factor(i) * (std::log(powers[size_t(i)]) - real(x, i * classes + c));
        sum += losses[size_t(i)], factors_sum += factor(i), size += std::abs(losses[size_t(i)]);
    }
    const double divisor = reduction == TERN_LOSS_MEAN ? factors_sum : 1;
    if (std::abs(divisor) < 0.1) return;  // weights that cancel each other leave nothing to compare
    if (each) for (int64_t i = 0; i < samples; ++i) compare("cross entropies", out, i, losses[size_t(i)], tolerance(dtype, classes));
    else compare("cross entropy", out, 0, sum / divisor, tolerance(dtype, classes) * size / std::abs(divisor));

    const Tensor g = input(dtype, out.shape);
    Tensor dx(dtype, x.shape, 0);
    std::fill(dx.memory.begin(), dx.memory.end(), char(0xff));
    CHECK(tern_cross_entropy_gradient(dx, g, x, target, factors, ignored, reduction), "dtype %d", dtype);
    for (int64_t i = 0; i < samples; ++i)
        for (int64_t c = 0; c < classes; ++c) {
            const double share = factor(i) / divisor * real(g, each ? i : 0);
            const double slope = (std::exp(real(x, i * classes + c)) / powers[size_t(i)] - (c == target.get<int64_t>(i))) * share;
            compare("cross entropy's gradient", dx, i * classes + c, slope, tolerance(dtype, classes));
        }
}

/// A row that is not all numbers spoils its own loss and gradient; ignored, its gradient alone.
template <class T> void test_cross_entropy_of_specials(TernDType dtype) {
    const Tensor x = random_tensor(dtype, {6, 20, 1}, 0, false), target(TERN_INT64, {6, 1}, 0);
    for (int64_t i = 0; i < 6; ++i) target.get<int64_t>(i) = i;
    x.get<T>(2 * 20 + 9) = NAN, x.get<T>(3 * 20 + 9) = INFINITY, x.get<T>(4 * 20 + 9) = -INFINITY, x.get<T>(5 * 20 + 9) = NAN;
    const int64_t ignored = 5;
    const Tensor losses = output(dtype, {6, 1}), one(dtype, {}, 0);
    CHECK(tern_cross_entropy(losses, x, target, nullptr, ignored, TERN_LOSS_NONE) == TERN_INDEX_OK, "losses of specials");
    for (int64_t i = 0; i < 6; ++i) CHECK(std::isnan(losses.get<T>(i)) == (i == 2 || i == 3), "loss %d of specials", int(i));
    one.get<T>(0) = 1;
    const Tensor dx(dtype, {6, 20, 1}, 0);
    CHECK(tern_cross_entropy_gradient(dx, one, x, target, nullptr, ignored, TERN_LOSS_SUM), "gradient of specials");
    for (int64_t i = 0; i < 120; ++i)
        CHECK(std::isnan(dx.get<T>(i)) == (i / 20 == 2 || i / 20 == 3 || i / 20 == 5), "gradient %d of specials", int(i));
    CHECK(dx.get<T>(4 * 20 + 9) == 0, "no slope where e^x is 0");

    // All are ignored: a mean of nothing is NaN, and its gradient 0.
    for (int64_t i = 0; i < 6; ++i) target.get<int64_t>(i) = ignored;
    CHECK(tern_cross_entropy(one, x, target, nullptr, ignored, TERN_LOSS_MEAN) == TERN_INDEX_OK && std::isnan(one.get<T>(0)), "no mean");
    one.get<T>(0) = 1;
    CHECK(tern_cross_entropy_gradient(dx, one, x, target, nullptr, ignored, TERN_LOSS_MEAN), "gradient of nothing");
    for (int64_t i = 0; i < 40; ++i) CHECK(dx.get<T>(i) == 0, "gradient of nothing");
}

void test_cross_entropies() {
    test_cross_entropy_of_specials<float>(TERN_FLOAT32);
    test_cross_entropy_of_specials<double>(TERN_FLOAT64);
    for (TernDType dtype : {TERN_FLOAT32, TERN_FLOAT64})
        for (int round = 0; round < 6; ++round) {
            const TernLossReduction reduction = TernLossReduction(round % 3);
            for (auto [samples, classes] : {std::pair<int64_t, int64_t>{0, 3}, {1, 1}, {2, 10}, {300, 7}, {70, 1000}, {3, 70000}})
                test_cross_entropy(dtype, samples, classes, round >= 3, reduction);
            const Tensor x = random_tensor(dtype, {50, 2000, 1}, 0, false), target(TERN_INT64, {50, 1}, 0);
            for (int64_t i = 0; i < 50; ++i) target.get<int64_t>(i) = i;
            target.get<int64_t>(33) = 2000, target.get<int64_t>(44) = -1;
            const Tensor out = output(dtype, reduction == TERN_LOSS_NONE ? Shape{50, 1} : Shape{});
            CHECK(tern_cross_entropy(out, x, target, nullptr, -100, reduction) == 33, "dtype %d", dtype);
        }
    const Tensor halves = input(TERN_BFLOAT16, {2, 3, 1}), out = output(TERN_BFLOAT16, {}), target(TERN_INT64, {2, 1}, 0);
    CHECK(tern_cross_entropy(out, halves, target, nullptr, -100, TERN_LOSS_SUM) == TERN_INDEX_NO_KERNEL, "halves");
}

void test_nll_losses() {
    for (TernDType dtype : {TERN_FLOAT32, TERN_FLOAT64, TERN_FLOAT16, TERN_BFLOAT16})
        for (int round = 0; round < 6; ++round) {
            const TernLossReduction reduction = TernLossReduction(round % 3);
            for (auto [samples, places] : {std::pair<int64_t, int64_t>{0, 1}, {1, 1}, {2, 3}, {4095, 1}, {1, 4097}, {17, 241}})
                test_nll_loss(dtype, samples, places, round >= 3, reduction);
            if (round == 4) test_nll_loss(dtype, 3, 100000, true, TERN_LOSS_MEAN);
            // The first class out of range is found in whatever piece it is.
            const Tensor x = input(dtype, {5000, 3, 1}), target(TERN_INT64, {5000, 1}, 0);
            for (int64_t i = 0; i < 5000; ++i) target.get<int64_t>(i) = i % 3;
            target.get<int64_t>(4300) = 3, target.get<int64_t>(4800) = -1;
            const Tensor out = output(dtype, reduction == TERN_LOSS_NONE ? Shape{5000, 1} : Shape{});
            CHECK(tern_nll_loss(out, x, target, nullptr, -100, reduction) == 4300, "dtype %d", dtype);
        }
    const Tensor x(TERN_INT64, {2, 3, 1}, 0), out(TERN_INT64, {}, 0), target(TERN_INT64, {2, 1}, 0);
    CHECK(tern_nll_loss(out, x, target, nullptr, -100, TERN_LOSS_MEAN) == TERN_INDEX_NO_KERNEL, "of floating-point numbers only");
}
}  // namespace

int main() {
    test_matmuls();
    test_convolutions();
    test_convolution_threads(40, 6, 16, 14, 5, 1);
    test_convolution_threads(16, 40, 36, 8, 3, 2);
    test_convolution_threads(3, 4, 20, 33, 3, 1);
    test_convolution_threads(9, 40, 36, 17, 1, 2);
    test_convolution_threads(1, 80, 96, 7, 3, 1);
    test_convolution_threads(3, 140, 130, 9, 3, 2);
    test_pooling();
    test_softmax();
    test_nll_losses();
    test_cross_entropies();
    test_optimizers<float>(TERN_FLOAT32);
    test_optimizers<double>(TERN_FLOAT64);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
