// Indexing against its definition, element by element.
#include "testing.h"

static Tensor random_index(const Shape &shape, int64_t least, int64_t size, int layout) {
    Tensor index(TERN_INT64, shape, layout);
    for (int64_t i = 0; i < index.count(); ++i) index.get<int64_t>(i) = random_int(least, size - 1);
    return index;
}
static int64_t wrapped(int64_t index, int64_t size) { return index < 0 ? index + size : index; }

/// Some shape, at least 1 in each dimension; and one that is smaller in all dimensions but dim.
static void shapes_for(int round, Shape &large, Shape &small, int32_t &dim) {
    large = round == 0 ? Shape{} : round == 1 ? Shape{300, 400} : round == 2 ? Shape{500, 200} : random_shape(4, 6);
    for (int64_t &n : large) n = n ? n : 2;
    dim = large.empty() ? 0 : round == 1 ? 0 : round == 2 ? 1 : int32_t(random_int(0, int64_t(large.size()) - 1));
    small = large;
    for (size_t d = 0; d < small.size(); ++d) {
        if (int32_t(d) == dim) small[d] = random_int(0, 8) * (round < 3 ? 50 : 1);
        else if (round >= 3) small[d] = random_int(1, large[d]);
    }
}

static void test_gather_scatter() {
    for (int d = 0; d < 12; ++d)
        for (int round = 0; round < 24; ++round) {
            const TernDType dtype = TernDType(d);
            Shape large, small;
            int32_t dim;
            shapes_for(round, large, small, dim);
            const int64_t size = large.empty() ? 1 : large[size_t(dim)];
            const auto target = [&](int64_t i, const Tensor &index) {
                Shape at = unravel(i, small);
                if (!at.empty()) at[size_t(dim)] = index.get<int64_t>(i);
                return at;
            };
            const Tensor x = random_tensor(dtype, large, int(random_int(0, 2))), index = random_index(small, 0, size, int(random_int(0, 2))),
                out(dtype, small, 1);
            bool right = tern_gather(out, x, dim, index, round % 2) == TERN_INDEX_OK;
            for (int64_t i = 0; i < index.count(); ++i) right &= same(dtype, out.at(i), x.at(target(i, index)));
            CHECK(right, "gather, dtype %d, round %d", d, round);
            const Tensor ends = index, all(dtype, small, 1);  // the same, some counted from the end
            if (!ends.strides.empty())
                for (int64_t i = 0; i < ends.count(); i += 2) ends.get<int64_t>(i) = index.get<int64_t>(i) - size;
            right = tern_gather(all, x, dim, ends, true) == TERN_INDEX_OK;
            for (int64_t i = 0; i < index.count(); ++i) right &= same(dtype, all.at(i), out.at(i));
            CHECK(right, "gather from the end, dtype %d, round %d", d, round);

            for (int op = 0; op < 5; ++op) {
                const bool complex = d == TERN_COMPLEX64 || d == TERN_COMPLEX128;
                const Tensor to = random_tensor(dtype, large, int(random_int(0, 1)), false), expected = to;
                Shape larger = small;
                for (int64_t &n : larger) n += random_int(0, 1);
                const Tensor source = random_tensor(dtype, larger, int(random_int(0, 2)), false);
                const int64_t result = tern_scatter(TernCombine(op), to, dim, index, source);
                right = result == (complex && op > TERN_COMBINE_prod ? TERN_INDEX_NO_KERNEL : TERN_INDEX_OK);
                if (result == TERN_INDEX_OK) visit_all(dtype, [&](auto type) {
                    using T = typename decltype(type)::type;
                    for (int64_t i = 0; i < index.count(); ++i) {
                        T &e = *reinterpret_cast<T *>(expected.at(target(i, index)));
                        const T s = *reinterpret_cast<const T *>(source.at(unravel(i, small)));
                        if (op == TERN_COMBINE_assign) e = s;
                        else if (op == TERN_COMBINE_sum) e = convert<T>(add(load(e), load(s)));
                        else if (op == TERN_COMBINE_prod) e = convert<T>(mul(load(e), load(s)));
                        else if constexpr (!is_complex<T>)
                            e = convert<T>(op == TERN_COMBINE_max ? maximum(load(e), load(s)) : minimum(load(e), load(s)));
                    }
                });
                for (int64_t i = 0; i < to.count(); ++i) right &= same(dtype, to.at(i), expected.at(i));
                CHECK(right, "scatter %d, dtype %d, round %d", op, d, round);
            }
            if (index.count() > 1 && !index.strides.empty()) {  // out of range: nothing written, and the first position
                const Tensor bad = index, before = out;
                const int64_t at = random_int(0, bad.count() - 1);
                bad.get<int64_t>(at) = random_int(0, 1) ? size : -1;
                int64_t first = 0;
                while (bad.get<int64_t>(first) >= 0 && bad.get<int64_t>(first) < size) ++first;
                CHECK(tern_gather(out, x, dim, bad, false) == first && out.memory == before.memory, "gather out of range");
                CHECK(tern_scatter(TERN_COMBINE_assign, x, dim, bad, out) == first, "scatter out of range");
            }
        }
}

static void test_index() {
    for (int d = 0; d < 12; ++d)
        for (int round = 0; round < 24; ++round) {
            const TernDType dtype = TernDType(d);
            Shape shape = round == 0 ? Shape{200, 700} : random_shape(3, 6);
            if (shape.empty()) shape = {4};
            for (int64_t &n : shape) n = n ? n : 3;
            const int32_t indexed = round == 0 ? 1 : int32_t(random_int(1, int64_t(shape.size())));
            const Shape picked = round == 0 ? Shape{150} : random_shape(2, 5), rest(shape.begin() + indexed, shape.end());
            Shape out_shape = picked;
            out_shape.insert(out_shape.end(), rest.begin(), rest.end());
            const bool from_end = round % 2;
            std::vector<Tensor> indices;
            std::vector<TernArray> arrays;
            for (int32_t k = 0; k < indexed; ++k) indices.push_back(random_index(picked, from_end ? -shape[size_t(k)] : 0, shape[size_t(k)], int(random_int(0, 2))));
            for (const Tensor &index : indices) arrays.push_back(index.array);
            const int64_t inner = product(rest);
            const auto target = [&](int64_t i) {
                Shape at(size_t(indexed), 0), tail = unravel(i % inner, rest);
                for (int32_t k = 0; k < indexed; ++k) at[size_t(k)] = wrapped(indices[size_t(k)].get<int64_t>(i / inner), shape[size_t(k)]);
                at.insert(at.end(), tail.begin(), tail.end());
                return at;
            };
            const Tensor x = random_tensor(dtype, shape, int(random_int(0, 2))), out(dtype, out_shape, int(random_int(0, 1)));
            bool right = tern_index(out, x, arrays.data(), indexed, from_end) == TERN_INDEX_OK;
            for (int64_t i = 0; i < out.count(); ++i) right &= same(dtype, out.at(i), x.at(target(i)));
            CHECK(right, "index, dtype %d, round %d", d, round);

            for (bool accumulate : {false, true}) {
                const Tensor to = random_tensor(dtype, shape, int(random_int(0, 1)), false), expected = to;
                const Tensor values = random_tensor(dtype, out_shape, int(random_int(0, 2)), false);
                right = tern_index_put(to, arrays.data(), indexed, values, accumulate) == TERN_INDEX_OK;
                visit_all(dtype, [&](auto type) {
                    using T = typename decltype(type)::type;
                    for (int64_t i = 0; i < out.count(); ++i) {
                        T &e = *reinterpret_cast<T *>(expected.at(target(i)));
                        e = accumulate ? convert<T>(add(load(e), load(values.get<T>(i)))) : values.get<T>(i);
                    }
                });
                for (int64_t i = 0; i < to.count(); ++i) right &= same(dtype, to.at(i), expected.at(i));
                CHECK(right, "index_put, dtype %d, round %d, %d", d, round, accumulate);
            }
            if (product(picked) > 0) {
                indices[0].get<int64_t>(0) = shape[0];
                CHECK(tern_index(out, x, arrays.data(), indexed, from_end) == 0, "index out of range");
                indices[0].get<int64_t>(0) = -1;
                CHECK(tern_index(out, x, arrays.data(), indexed, false) == 0, "index from the end");
            }
        }
}

static void test_nonzero() {
    for (int d = 0; d < 12; ++d)
        for (int round = 0; round < 16; ++round) {
            const Shape shape = round == 0 ? Shape{} : round == 1 ? Shape{400, 500} : random_shape(4, 6);
            const Tensor x = random_tensor(TernDType(d), shape, int(random_int(0, 2)));
            std::vector<int64_t> expected;
            visit_all(TernDType(d), [&](auto type) {
                for (int64_t i = 0; i < x.count(); ++i)
                    if (convert<bool>(x.get<typename decltype(type)::type>(i)))
                        for (int64_t k : unravel(i, shape)) expected.push_back(k);
            });
            const int64_t count = tern_count_nonzero(x);
            if (!shape.empty()) CHECK(count * int64_t(shape.size()) == int64_t(expected.size()), "count_nonzero, dtype %d", d);
            const Tensor out(TERN_INT64, {count, int64_t(shape.size())}, int(random_int(0, 1)));
            bool right = tern_nonzero(out, x);
            for (int64_t i = 0; i < out.count(); ++i) right &= out.get<int64_t>(i) == expected[size_t(i)];
            CHECK(right, "nonzero, dtype %d, round %d", d, round);
        }
}

void test_indexing() {
    test_gather_scatter();
    test_index();
    test_nonzero();
}
