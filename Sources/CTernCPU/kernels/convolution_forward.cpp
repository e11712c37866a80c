#include "convolution_lines.h"
#include "convolution_pointwise.h"

namespace tern {
/// out (channel, image, position) = weight (channel, k) · unfolded x (k, image, position).
template <class T> void convolution_forward(const ConvolutionPlan &p, T *out, const T *x, const T *weight, const T *bias, bool accumulate) {
    if (p.outPlane == 0) return;
    const LineCut<T> cut{p.out[1], p.out[2], UnfoldedInput<T>::lineStep(p)};
    const bool byLines = ByLines<T>::suits(p, p.outPerGroup(), cut, p.batch * p.out[0]);
    const bool byBatch = !accumulate && suits_batch<T>(p, false, byLines ? cut.share() : 0.0);
    if (Taken<T>::suits(p) && (!byBatch || Pointwise<T>::suits(Taken<T>(p).plan))) {
        const Taken<T> taken(p);
        Scratch<T> some(taken.size());
        taken.take(x, some);
        return convolution_forward<T>(taken.plan, out, some, weight, bias, accumulate);
    }
    if (byBatch) return forward_by_batch(p, out, x, weight, bias);
    if (Pointwise<T>::suits(p)) {
        const int64_t m = p.outPerGroup(), k = p.perGroup();
        return Pointwise<T>{p, m, k, weight, k, 1, bias, x, out, accumulate}.run();
    }
    for (int64_t first = 0, count; first < p.batch; first += count) {
        count = std::min(UnfoldedInput<T>::chunk(p), p.batch - first);
        const UnfoldedInput<T> unfolded(p, x + first * p.channels * p.inPlane, count, byLines);
        T *target = out + first * p.outChannels * p.outPlane;
        for_groups(p, [&](int64_t group, bool serial) {
            const int64_t m = p.outPerGroup(), k = p.perGroup() * p.taps;
            const auto images = unfolded.group(p, group);
            if (byLines)
                return ByLines<T>{images, m, p.perGroup(), count, weight + group * m * k, k, p.taps, bias ? bias + group * m : nullptr,
                                  target + group * m * p.outPlane, p.outPlane, p.outChannels * p.outPlane, accumulate}.run(serial);
            const Matrix a{weight + group * m * k, k, 1};
            Gemm<T> g{m, count * p.outPlane, k, {}, {&images, Unfolded<T>::read}, nullptr, 0, weight + group * m * k, k, {}, accumulate, serial};
            matrix_source(g.a, a, dtypeOf<T>);
            g.out = {target + group * m * p.outPlane, dtypeOf<T>, p.outPlane, 1, p.outPlane, p.outChannels * p.outPlane,
                     bias ? bias + group * m : nullptr, 1, 0};
            gemm(g);
        });
    }
}
template void convolution_forward(const ConvolutionPlan &, float *, const float *, const float *, const float *, bool);
template void convolution_forward(const ConvolutionPlan &, double *, const double *, const double *, const double *, bool);
}  // namespace tern
