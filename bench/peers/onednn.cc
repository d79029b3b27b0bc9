// onednn.cc - oneDNN 2: matmul with prepacked weights, LayerNorm, softmax, GELU
#include <cstdio>
#include <cstdlib>

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
    *j = { run, nullptr, close, w->kind == WORK_MATMUL ? prepare_matmul(w) : prepare_rows(w) };
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

extern "C" const peer peer_onednn = {
    "oneDNN", open, prepare, DOES_MATMUL | DOES_ROWS, false, false
};

#else

namespace
{

bool open(const machine *, char *text)
{
    std::snprintf(text, TEXT_SIZE, "dnnl.hpp was not there when this was built");
    return false;
}

} // namespace

extern "C" const peer peer_onednn = {
    "oneDNN", open, nullptr, DOES_MATMUL | DOES_ROWS, false, false
};

#endif
