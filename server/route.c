/* route.c - the table of paths, and what answers each */
#include "server/route.h"

#include <jansson.h>
#include <string.h>

#include "server/describe.h"
#include "server/metrics.h"
#include "server/number.h"
#include "server/page.h"

static bool json_answer(struct request *r)
{
    r->type = "application/json";
    if (r->out.failed)
        fail(&r->failure, 503, "response: out of memory");
    return true;
}

/* Healthy is 200 without a body; not healthy is 400, as Triton has it. */
static bool handle_live(struct request *r)
{
    (void)r;
    return true;
}

static bool handle_ready(struct request *r)
{
    if (atomic_load(&r->server->draining))
        fail(&r->failure, 400, "server: it is shutting down");
    else if (!registry_ready(r->server->registry))
        fail(&r->failure, 400, "server: not every model is loaded");
    return true;
}

static bool handle_server(struct request *r)
{
    describe_server(r->server->options->explicit_control, &r->out);
    return json_answer(r);
}

/* Calls describe with the model of the path. */
static bool with_model(struct request *r,
                       void (*describe)(const struct served *s, struct buffer *out))
{
    struct served *const s =
        registry_acquire(r->server->registry, r->name, r->version, &r->failure);

    if (!s)
        return true;
    if (describe) {
        describe(s, &r->out);
        json_answer(r);
    }
    served_release(s);
    return true;
}

static bool handle_model(struct request *r)
{
    return with_model(r, describe_model);
}

static bool handle_config(struct request *r)
{
    return with_model(r, describe_config);
}

static bool handle_model_ready(struct request *r)
{
    if (atomic_load(&r->server->draining))
        fail(&r->failure, 400, "server: it is shutting down");
    else
        with_model(r, NULL);
    if (r->failure.http)
        r->failure.http = 400;
    return true;
}

static bool handle_model_stats(struct request *r)
{
    return with_model(r, describe_model_stats);
}

static bool handle_stats(struct request *r)
{
    describe_stats(r->server->registry, &r->out);
    return json_answer(r);
}

/* The object has no member but `name`, a flag: *value, which stays without it. name NULL: none. */
static bool read_flag(struct request *r, json_t *object, const char *name, bool *value)
{
    const char *key;
    json_t *found;

    if (!json_is_object(object))
        return fail(&r->failure, 400, "body: expected a JSON object, found another value");
    json_object_foreach (object, key, found) {
        if (!name || strcmp(key, name) != 0)
            return fail(&r->failure, 400, "body: expected %s, found '%.64s'",
                        name ? name : "no parameter", key);
        if (!json_is_boolean(found))
            return fail(&r->failure, 400, "%s: expected true or false, found another value", name);
        *value = json_is_true(found);
    }
    return true;
}

/* As read_flag; `parameters` of the body are read in its place, if they are expected. */
static bool read_control(struct request *r, bool parameters, const char *name, bool *value)
{
    json_t *const root =
        r->body.size ? json_loadb(r->body.data, r->body.size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    json_t *const inner = parameters ? json_object_get(root, "parameters") : NULL;
    bool ok = true;

    if (r->body.size && inner && json_object_size(root) == 1)
        ok = read_flag(r, inner, name, value);
    else if (r->body.size)
        ok = read_flag(r, root, parameters ? NULL : name, value);
    json_decref(root);
    return ok;
}

static bool handle_index(struct request *r)
{
    bool ready = false;

    if (!read_control(r, false, "ready", &ready))
        return true;
    describe_index(r->server->registry, ready, &r->out);
    return json_answer(r);
}

static void load(void *request)
{
    struct request *const r = request;
    struct failure ignored;

    /* a model that was put into the repository since */
    for (size_t i = 0; i < r->server->options->repository_count; i++)
        registry_scan(r->server->registry, r->server->options->repositories[i], &ignored);
    registry_load(r->server->registry, r->name, &r->failure);
    request_resume(r);
}

static void unload(void *request)
{
    struct request *const r = request;

    registry_unload(r->server->registry, r->name, &r->failure);
    request_resume(r);
}

static bool control(struct request *r, const char *flag, void (*run)(void *request))
{
    bool ignored;

    if (!read_control(r, true, flag, &ignored))
        return true;
    if (!r->server->options->explicit_control) {
        return !fail(&r->failure, 400,
                     "load / unload: expected --model-control-mode explicit, found none");
    }
    r->work = (struct work){ .run = run, .arg = r };
    request_suspend(r);
    workers_submit(r->server->loader, &r->work);
    return false;
}

static bool handle_load(struct request *r)
{
    return control(r, NULL, load);
}

static bool handle_unload(struct request *r)
{
    /* no model of this server depends on another */
    return control(r, "unload_dependents", unload);
}

static bool handle_metrics(struct request *r)
{
    const char *const names =
        MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, "names");

    metrics_write(r->server->registry, names && strcmp(names, "triton") == 0, &r->out);
    json_answer(r);
    r->type = "text/plain; version=0.0.4; charset=utf-8";
    return true;
}

static bool handle_page(struct request *r)
{
    buffer_add(&r->out, page, page_size());
    json_answer(r);
    r->type = "text/html; charset=utf-8";
    return true;
}

static const struct route routes[] = {
    { "GET", "", handle_page, false },
    { "GET", "metrics", handle_metrics, false },
    { "GET", "v2", handle_server, false },
    { "GET", "v2/health/live", handle_live, false },
    { "GET", "v2/health/ready", handle_ready, false },
    { "GET", "v2/models/stats", handle_stats, false },
    { "GET", "v2/models/*", handle_model, false },
    { "GET", "v2/models/*/versions/#", handle_model, false },
    { "GET", "v2/models/*/ready", handle_model_ready, false },
    { "GET", "v2/models/*/versions/#/ready", handle_model_ready, false },
    { "GET", "v2/models/*/config", handle_config, false },
    { "GET", "v2/models/*/versions/#/config", handle_config, false },
    { "GET", "v2/models/*/stats", handle_model_stats, false },
    { "GET", "v2/models/*/versions/#/stats", handle_model_stats, false },
    { "POST", "v2/models/*/infer", handle_infer, true },
    { "POST", "v2/models/*/versions/#/infer", handle_infer, true },
    { "POST", "v2/repository/index", handle_index, false },
    { "POST", "v2/repository/models/*/load", handle_load, false },
    { "POST", "v2/repository/models/*/unload", handle_unload, false },
};

static bool segment_fits(struct request *r, const char *pattern, size_t pattern_size,
                         const char *text, size_t size)
{
    if (pattern_size == 1 && *pattern == '*') {
        if (size == 0 || size >= sizeof r->name)
            return false;
        memcpy(r->name, text, size);
        r->name[size] = '\0';
        return true;
    }
    if (pattern_size == 1 && *pattern == '#')
        return read_whole(text, size, &r->version) && r->version > 0;
    return pattern_size == size && memcmp(pattern, text, size) == 0;
}

static bool path_fits(struct request *r, const char *pattern, const char *path)
{
    for (;;) {
        const size_t p = strcspn(pattern, "/"), n = strcspn(path, "/");
        if (!segment_fits(r, pattern, p, path, n))
            return false;
        if (!pattern[p] || !path[n])
            return !pattern[p] && (!path[n] || !path[n + 1]); /* one slash at the end is allowed */
        pattern += p + 1;
        path += n + 1;
    }
}

void route_find(struct request *r, const char *method, const char *url)
{
    const char *const found = method, *known = NULL;

    if (strcmp(method, "HEAD") == 0)
        method = "GET"; /* libmicrohttpd sends the header alone */
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        r->version = 0;
        if (!path_fits(r, routes[i].path, url + (*url == '/')))
            continue;
        known = routes[i].method;
        if (strcmp(routes[i].method, method) == 0) {
            r->route = &routes[i];
            return;
        }
    }
    if (known) {
        r->allow = strcmp(known, "GET") == 0 ? "GET, HEAD" : known;
        fail(&r->failure, 405, "%.200s: expected %s, found %.16s", url, r->allow, found);
    } else
        fail(&r->failure, 404, "%.200s: no such path", url);
}
