"""sanitized_test: a test that was built already, built once more with a sanitizer."""

load(":sanitizers.bzl", "SANITIZERS", "is_sanitized", "without_sanitizers")

_COPT = "//command_line_option:copt"
_LINKOPT = "//command_line_option:linkopt"
_FEATURES = "//command_line_option:features"

# Never, or reports have no lines. Bazel 4 does not let us read it, so it cannot
# be left as it is where nothing else is changed: a --config of the user's own
# should have it too.
_STRIP = "//command_line_option:strip"

# A function cannot be told not to touch an option but by its own value.
def _sanitize_impl(settings, attr):
    copts = settings[_COPT]
    features = settings[_FEATURES]
    if is_sanitized(attr.sanitizer, copts, features):
        # --config=asan, say: the same configuration, nothing is built twice.
        return {
            _COPT: copts,
            _LINKOPT: settings[_LINKOPT],
            _FEATURES: features,
            _STRIP: "never",
        }
    to = SANITIZERS[attr.sanitizer]
    linkopts = without_sanitizers(settings[_LINKOPT]) + to.linkopts
    features = without_sanitizers(features)
    if attr.clang:
        linkopts = linkopts + to.clang_linkopts
        features = features + to.clang_features
    return {
        _COPT: without_sanitizers(copts) + to.copts,
        _LINKOPT: linkopts,
        _FEATURES: features,
        _STRIP: "never",
    }

_sanitize = transition(
    implementation = _sanitize_impl,
    inputs = [
        _COPT,
        _LINKOPT,
        _FEATURES,
    ],
    outputs = [
        _COPT,
        _LINKOPT,
        _FEATURES,
        _STRIP,
    ],
)

def _sanitized_test_impl(ctx):
    test = ctx.attr.test[0][DefaultInfo]
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = test.files_to_run.executable,
        is_executable = True,
    )
    env = dict(SANITIZERS[ctx.attr.sanitizer].env)
    for name, value in ctx.attr.env.items():
        env[name] = ctx.expand_location(value, ctx.attr.data)

    # Bazel 4 has no second parameter.
    inherit = [ctx.attr.env_inherit] if ctx.attr.env_inherit else []
    return [
        DefaultInfo(
            executable = executable,
            # Those of `data` too: `args` may name them.
            runfiles = ctx.runfiles(files = ctx.files.data).merge(test.default_runfiles),
        ),
        testing.TestEnvironment(env, *inherit),
    ]

sanitized_test = rule(
    implementation = _sanitized_test_impl,
    doc = "`test`, built for `sanitizer` with all that it depends on.",
    attrs = {
        "clang": attr.bool(doc = "Whether the compiler is clang."),
        "data": attr.label_list(
            allow_files = True,
            cfg = _sanitize,
            doc = "The test's: for `args` and `env` to name.",
        ),
        "env": attr.string_dict(doc = "The test's."),
        "env_inherit": attr.string_list(doc = "The test's."),
        "sanitizer": attr.string(
            mandatory = True,
            values = SANITIZERS.keys(),
        ),
        "test": attr.label(
            cfg = _sanitize,
            executable = True,
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    test = True,
)
