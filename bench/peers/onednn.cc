// onednn.cc - oneDNN 2: matmul with prepacked weights, LayerNorm, softmax, GELU
#include <dnnl.hpp>

#include "peers.h"

using dnnl::memory;
using tag = memory::format_tag;

namespace
{

struct state {
    dnnl::primitive primitive;
    std::unordered_map<int, memory> arguments;
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

void run(void *opaque)
{
    auto *s = static_cast<state *>(opaque);
    s->primitive.execute(stream(), s->arguments);
    stream().wait();
}

memory::dim dim(size_t n)
{
    return static_cast<memory::dim>(n);
}

memory wrap(const memory::desc &desc, const float *data)
{
    return memory(desc, engine(), const_cast<float *>(data));
}

job prepare_matmul(const matmul_job *j)
{
    const memory::desc a({ dim(j->m), dim(j->k) }, memory::data_type::f32, tag::ab);
    const memory::desc any({ dim(j->k), dim(j->n) }, memory::data_type::f32, tag::any);
    const memory::desc w({ dim(j->k), dim(j->n) }, memory::data_type::f32, tag::ba);
    const memory::desc c({ dim(j->m), dim(j->n) }, memory::data_type::f32, tag::ab);
    const dnnl::matmul::primitive_desc how(dnnl::matmul::desc(a, any, c), engine());

    memory packed(how.weights_desc(), engine());
    memory plain = wrap(w, j->w);
    dnnl::reorder(plain, packed).execute(stream(), plain, packed);
    stream().wait();
    return { run, new state{ dnnl::matmul(how),
                             { { DNNL_ARG_SRC, wrap(a, j->a) },
                               { DNNL_ARG_WEIGHTS, packed },
                               { DNNL_ARG_DST, wrap(c, j->c) } } } };
}

job prepare_rows(const row_job *j)
{
    const memory::desc x({ dim(j->rows), dim(j->n) }, memory::data_type::f32, tag::ab);
    const memory::desc v({ dim(j->n) }, memory::data_type::f32, tag::a);
    const auto inference = dnnl::prop_kind::forward_inference;
    auto *s = new state;

    s->arguments = { { DNNL_ARG_SRC, wrap(x, j->x) }, { DNNL_ARG_DST, wrap(x, j->y) } };
    if (j->kind == ROW_SOFTMAX) {
        s->primitive = dnnl::softmax_forward({ { inference, x, 1 }, engine() });
    } else if (j->kind == ROW_GELU) {
        s->primitive = dnnl::eltwise_forward(
            { { inference, dnnl::algorithm::eltwise_gelu_erf, x }, engine() });
    } else {
        const auto flags =
            dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
        s->primitive =
            dnnl::layer_normalization_forward({ { inference, x, 1e-6f, flags }, engine() });
        s->arguments.insert({ DNNL_ARG_SCALE, wrap(v, j->gamma) });
        s->arguments.insert({ DNNL_ARG_SHIFT, wrap(v, j->beta) });
    }
    return { run, s };
}

} // namespace

extern "C" const peer peer_onednn = { "oneDNN", prepare_matmul, prepare_rows };
