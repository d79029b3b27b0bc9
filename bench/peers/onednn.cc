// onednn.cc - oneDNN 2: matmul in float32 and int8, LayerNorm, softmax, GELU
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "peers.h"

#if __has_include(<dnnl.hpp>)
#include <dnnl.hpp>

using dnnl::memory;
using tag = memory::format_tag;

namespace
{

struct state {
    dnnl::primitive primitive;
    std::unordered_map<int, memory> arguments;
    void *packed = nullptr; // weights
};

dnnl::engine &engine()
{
    static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
    return cpu;
}

dnnl::stream &stream()
{
    static dnnl::stream queue(engine());
    return queue;
}

void call(void *opaque)
{
    auto *s = static_cast<state *>(opaque);
    s->primitive.execute(stream(), s->arguments);
    stream().wait();
}

double run(void *opaque, size_t repeats)
{
    return time_calls(call, opaque, repeats);
}

memory::dim dim(size_t n)
{
    return static_cast<memory::dim>(n);
}

memory wrap(const memory::desc &desc, const float *data)
{
    return memory(desc, engine(), const_cast<float *>(data));
}

state *prepare_matmul(const work *w)
{
    const memory::desc x({ dim(w->m), dim(w->k) }, memory::data_type::f32, tag::ab);
    const memory::desc any({ dim(w->k), dim(w->n) }, memory::data_type::f32, tag::any);
    const memory::desc weights({ dim(w->k), dim(w->n) }, memory::data_type::f32, tag::ba);
    const memory::desc y({ dim(w->m), dim(w->n) }, memory::data_type::f32, tag::ab);
    const dnnl::matmul::primitive_desc how(dnnl::matmul::desc(x, any, y), engine());

    void *const bytes = allocate(how.weights_desc().get_size());
    memory packed(how.weights_desc(), engine(), bytes);
    memory plain = wrap(weights, w->w);
    dnnl::reorder(plain, packed).execute(stream(), plain, packed);
    stream().wait();
    return new state{ dnnl::matmul(how),
                      { { DNNL_ARG_SRC, wrap(x, w->x) },
                        { DNNL_ARG_WEIGHTS, packed },
                        { DNNL_ARG_DST, wrap(y, w->y) } },
                      bytes };
}

// A matmul of u8 by s8: each run finds the range of x, quantizes x with one scale and one zero
// point, and multiplies. The weights have a scale for each output and are quantized beforehand, in
// the layout that oneDNN chooses: with AVX2 a plain one, from which each run packs.
struct int8_state {
    work w;
    dnnl::primitive quantize, multiply;
    std::unordered_map<int, memory> quantize_arguments, multiply_arguments;
    std::vector<float> scales, factors; // of the weights; times that of x, for each output
    std::vector<uint8_t> bytes;         // of x
    float inverse = 1;
    int32_t zero = 0;
    void *packed = nullptr;
};

void find_range(size_t count, const float *x, float &low, float &high)
{
    float smallest = 0, largest = 0;

#pragma omp simd reduction(min : smallest) reduction(max : largest)
    for (size_t i = 0; i < count; i++) {
        smallest = x[i] < smallest ? x[i] : smallest;
        largest = x[i] > largest ? x[i] : largest;
    }
    low = smallest;
    high = largest;
}

void call_int8(void *opaque)
{
    auto *s = static_cast<int8_state *>(opaque);
    float low, high;

    find_range(s->w.m * s->w.k, s->w.x, low, high);
    s->inverse = 255.0f / (high - low);
    s->zero = static_cast<int32_t>(std::nearbyint(-low * s->inverse));
    for (size_t j = 0; j < s->w.n; j++)
        s->factors[j] = s->scales[j] / s->inverse;
    s->quantize.execute(stream(), s->quantize_arguments);
    s->multiply.execute(stream(), s->multiply_arguments);
    stream().wait();
}

double run_int8(void *opaque, size_t repeats)
{
    return time_calls(call_int8, opaque, repeats);
}

void close_int8(void *opaque)
{
    auto *s = static_cast<int8_state *>(opaque);
    std::free(s->packed);
    delete s;
}

// w[n][k] in 8 bits, 127 for the largest of each output.
std::vector<int8_t> quantized_weights(const work *w, std::vector<float> &scales)
{
    std::vector<int8_t> q(w->n * w->k);

    for (size_t j = 0; j < w->n; j++) {
        float low, high;
        find_range(w->k, w->w + j * w->k, low, high);
        scales[j] = std::fmax(high, -low) / 127;
        for (size_t l = 0; l < w->k; l++)
            q[j * w->k + l] = static_cast<int8_t>(std::nearbyint(w->w[j * w->k + l] / scales[j]));
    }
    return q;
}

memory scalar(memory::data_type type, void *value)
{
    return memory({ { 1 }, type, tag::x }, engine(), value);
}

void prepare_quantize(int8_state *s, const memory::desc &from, const memory::desc &to)
{
    dnnl::primitive_attr attributes;

    attributes.set_output_scales(0, { DNNL_RUNTIME_F32_VAL });
    attributes.set_zero_points(DNNL_ARG_DST, 0, { DNNL_RUNTIME_S32_VAL });
    s->quantize = dnnl::reorder({ engine(), from, engine(), to, attributes });
    s->quantize_arguments = {
        { DNNL_ARG_FROM, wrap(from, s->w.x) },
        { DNNL_ARG_TO, memory(to, engine(), s->bytes.data()) },
        { DNNL_ARG_ATTR_OUTPUT_SCALES, scalar(memory::data_type::f32, &s->inverse) },
        { DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_DST, scalar(memory::data_type::s32, &s->zero) }
    };
}

int8_state *prepare_int8(const work *w)
{
    auto *s = new int8_state;
    const memory::desc real({ dim(w->m), dim(w->k) }, memory::data_type::f32, tag::ab);
    const memory::desc x({ dim(w->m), dim(w->k) }, memory::data_type::u8, tag::ab);
    const memory::desc any({ dim(w->k), dim(w->n) }, memory::data_type::s8, tag::any);
    const memory::desc weights({ dim(w->k), dim(w->n) }, memory::data_type::s8, tag::ba);
    const memory::desc y({ dim(w->m), dim(w->n) }, memory::data_type::f32, tag::ab);
    dnnl::primitive_attr attributes;

    s->w = *w;
    s->scales.resize(w->n);
    s->factors.resize(w->n);
    s->bytes.resize(w->m * w->k);
    prepare_quantize(s, real, x);
    attributes.set_output_scales(2, { DNNL_RUNTIME_F32_VAL }); // one for each column
    attributes.set_zero_points(DNNL_ARG_SRC, 0, { DNNL_RUNTIME_S32_VAL });
    const dnnl::matmul::primitive_desc how(dnnl::matmul::desc(x, any, y), attributes, engine());

    std::vector<int8_t> q = quantized_weights(w, s->scales);
    s->packed = allocate(how.weights_desc().get_size());
    memory packed(how.weights_desc(), engine(), s->packed);
    memory plain(weights, engine(), q.data());
    dnnl::reorder(plain, packed).execute(stream(), plain, packed);
    stream().wait();
    s->multiply = dnnl::matmul(how);
    s->multiply_arguments = {
        { DNNL_ARG_SRC, memory(x, engine(), s->bytes.data()) },
        { DNNL_ARG_WEIGHTS, packed },
        { DNNL_ARG_DST, wrap(y, w->y) },
        { DNNL_ARG_ATTR_OUTPUT_SCALES,
          memory({ { dim(w->n) }, memory::data_type::f32, tag::x }, engine(), s->factors.data()) },
        { DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, scalar(memory::data_type::s32, &s->zero) }
    };
    return s;
}

state *prepare_rows(const work *w)
{
    const memory::desc x({ dim(w->m), dim(w->n) }, memory::data_type::f32, tag::ab);
    const memory::desc v({ dim(w->n) }, memory::data_type::f32, tag::a);
    const auto inference = dnnl::prop_kind::forward_inference;
    auto *s = new state;

    s->arguments = { { DNNL_ARG_SRC, wrap(x, w->x) }, { DNNL_ARG_DST, wrap(x, w->y) } };
    if (w->kind == WORK_SOFTMAX) {
        s->primitive = dnnl::softmax_forward({ { inference, x, 1 }, engine() });
    } else if (w->kind == WORK_GELU) {
        s->primitive = dnnl::eltwise_forward(
            { { inference, dnnl::algorithm::eltwise_gelu_erf, x }, engine() });
    } else {
        const auto flags =
            dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
        s->primitive =
            dnnl::layer_normalization_forward({ { inference, x, 1e-6f, flags }, engine() });
        s->arguments.insert({ DNNL_ARG_SCALE, wrap(v, w->gamma) });
        s->arguments.insert({ DNNL_ARG_SHIFT, wrap(v, w->beta) });
    }
    return s;
}

void close(void *opaque)
{
    auto *s = static_cast<state *>(opaque);
    std::free(s->packed);
    delete s;
}

bool prepare(const work *w, job *j)
{
    if (w->precision == VIT_PRECISION_INT8)
        *j = { run_int8, nullptr, nullptr, close_int8, prepare_int8(w) };
    else
        *j = { run, nullptr, nullptr, close,
               w->kind == WORK_MATMUL ? prepare_matmul(w) : prepare_rows(w) };
    return true;
}

bool open(const machine *, char *text)
{
    const dnnl_version_t *v = dnnl::version();
    const int set = static_cast<int>(dnnl::get_effective_cpu_isa());
    const int avx2 = static_cast<int>(dnnl::cpu_isa::avx2);
    const int avx512 = static_cast<int>(dnnl::cpu_isa::avx512_core); // bits of the sets it holds

    std::snprintf(text, TEXT_SIZE, "%d.%d.%d%s", v->major, v->minor, v->patch,
                  (set & avx512) == avx512 ? " avx512"
                  : (set & avx2) == avx2   ? " avx2"
                                           : "");
    return true;
}

} // namespace

extern "C" const peer peer_onednn = { "oneDNN", open,  prepare, DOES_MATMUL | DOES_ROWS | DOES_INT8,
                                      false,    false, nullptr };

#else

namespace
{

bool open(const machine *, char *text)
{
    std::snprintf(text, TEXT_SIZE, "dnnl.hpp was not there when this was built");
    return false;
}

} // namespace

extern "C" const peer peer_onednn = { "oneDNN", open, nullptr, 0, false, false, nullptr };

#endif
