/// Convolution of any dtype and any strides, by way of contiguous float or double.
#include "convolution.h"

#define TERN_SOURCE "../kernels/convolution.inl"
#include "../isa/each.inl"

namespace tern {
template <class T> const ConvolutionKernels<T> &convolution_kernels() { return TERN_CHOOSE(convolution<T>); }
template const ConvolutionKernels<float> &convolution_kernels();
template const ConvolutionKernels<double> &convolution_kernels();
}  // namespace tern

using namespace tern;

namespace {
int64_t elements(const TernArray *x) { return x ? count(x) : 0; }

/// A contiguous array with the shape of another.
template <class T> struct Contiguous {
    int64_t strides[5];
    Scratch<T> memory;
    TernArray array;

    Contiguous(const TernArray *like, bool needed) : memory(needed ? elements(like) : 0) {
        if (!like) return;
        int64_t step = 1;
        for (int32_t d = like->rank - 1; d >= 0; d--) strides[d] = step, step *= like->shape[d];
        array = {static_cast<T *>(memory), like->shape, strides, like->rank, dtypeOf<T>};
    }
};

bool is_contiguous(const TernArray *x) {
    int64_t step = 1;
    for (int32_t d = x->rank - 1; d >= 0; d--) {
        if (x->shape[d] != 1 && x->strides[d] != step) return false;
        step *= x->shape[d];
    }
    return true;
}

/// The real (0) or imaginary (1) parts of a complex array; a real array as it is.
struct Part {
    int64_t strides[5];
    TernArray array;
    Part(const TernArray *x, int part) {
        if (!x) return;
        array = *x;
        if (x->dtype != TERN_COMPLEX64 && x->dtype != TERN_COMPLEX128) return;
        const bool narrow = x->dtype == TERN_COMPLEX64;
        for (int32_t d = 0; d < x->rank; d++) strides[d] = 2 * x->strides[d];
        array.strides = strides;
        array.dtype = narrow ? TERN_FLOAT32 : TERN_FLOAT64;
        if (x->data) array.data = static_cast<char *>(x->data) + part * (narrow ? 4 : 8);  // NULL where there are no elements
    }
};

/// An operand's part in T, contiguous: the array itself where it is so.
template <class T> struct Input {
    Part part;
    Contiguous<T> copy;
    const T *data = nullptr;
    Input(const TernArray *x, int which)
        : part(x, which), copy(x, x && !(x->dtype == dtypeOf<T> && is_contiguous(x))) {
        if (!x) return;
        if (!copy.memory) data = static_cast<const T *>(part.array.data);
        else tern_copy(&copy.array, &part.array), data = copy.memory;
    }
    void negate() {  // complex parts always are copies
        for (int64_t i = 0, n = elements(&copy.array); i < n; i++) copy.memory[i] = -copy.memory[i];
    }
};

template <class T> struct Output {
    Part part;
    Contiguous<T> copy;
    T *data;
    Output(const TernArray *x, int which) : part(x, which), copy(x, !(part.array.dtype == dtypeOf<T> && is_contiguous(&part.array))) {
        data = copy.memory ? static_cast<T *>(copy.memory) : static_cast<T *>(part.array.data);
    }
    ~Output() { if (copy.memory) tern_copy(&part.array, &copy.array); }
};

/// product(out, a, b, bias, accumulate) is linear in a and in b.
template <class F> bool in_real(const TernArray *out, const TernArray *a, const TernArray *b, const TernArray *bias, const F &product) {
    if (a->dtype != out->dtype || b->dtype != out->dtype || (bias && bias->dtype != out->dtype) || out->rank > 5) return false;
    auto real = [&]<class T>(Type<T>) {
        Output<T> y(out, 0);
        product(y.data, Input<T>(a, 0).data, Input<T>(b, 0).data, Input<T>(bias, 0).data, false);
    };
    auto complex = [&]<class T>(Type<T>) {
        Output<T> re(out, 0), im(out, 1);
        Input<T> ar(a, 0), ai(a, 1), br(b, 0), bi(b, 1), biasRe(bias, 0), biasIm(bias, 1);
        const T *none = nullptr;
        product(re.data, ar.data, br.data, biasRe.data, false);
        product(im.data, ar.data, bi.data, biasIm.data, false);
        product(im.data, ai.data, br.data, none, true);
        bi.negate();
        product(re.data, ai.data, bi.data, none, true);
    };
    switch (out->dtype) {
        case TERN_FLOAT32: case TERN_FLOAT16: case TERN_BFLOAT16: real(Type<float>{}); return true;
        case TERN_FLOAT64: real(Type<double>{}); return true;
        case TERN_COMPLEX64: complex(Type<float>{}); return true;
        case TERN_COMPLEX128: complex(Type<double>{}); return true;
        default: return false;
    }
}
}  // namespace

bool tern_convolution(const TernArray *out, const TernArray *x, const TernArray *weight, const TernArray *bias,
                      const TernConvolution *geometry) {
    const ConvolutionPlan plan(x, out, weight, *geometry);
    return in_real(out, x, weight, bias, [&](auto *out, auto *x, auto *weight, auto *bias, bool accumulate) {
        convolution_forward(plan, out, x, weight, bias, accumulate);
    });
}

bool tern_convolution_input_gradient(const TernArray *dx, const TernArray *g, const TernArray *weight, const TernConvolution *geometry) {
    const ConvolutionPlan plan(dx, g, weight, *geometry);
    return in_real(dx, g, weight, nullptr, [&](auto *dx, auto *g, auto *weight, auto *, bool accumulate) {
        convolution_input_gradient(plan, dx, g, weight, accumulate);
    });
}

bool tern_convolution_weight_gradient(const TernArray *dw, const TernArray *g, const TernArray *x, const TernConvolution *geometry) {
    const ConvolutionPlan plan(x, g, dw, *geometry);
    return in_real(dw, g, x, nullptr, [&](auto *dw, auto *g, auto *x, auto *, bool accumulate) {
        convolution_weight_gradient(plan, dw, g, x, accumulate);
    });
}
