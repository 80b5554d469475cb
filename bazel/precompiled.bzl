"""A precompiled header for tests: what most of them include is parsed once."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "CPP_COMPILE_ACTION_NAME")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

# What the rule cannot ask Bazel for: the flags that .bazelrc gives to files by
# their name. A flag that changes code must be the same for header and test, or
# g++ quietly parses the header again.
_KIND = ["-x", "c++-header"]

def _optimised(ctx):
    cpp = ctx.fragments.cpp
    levels = [flag for flag in cpp.copts + cpp.cxxopts + ctx.attr.copts if flag.startswith("-O")]
    if levels:
        return levels[-1] != "-O0"
    return ctx.var["COMPILATION_MODE"] == "opt"

def _command(ctx, toolchain, features, context):
    cpp = ctx.fragments.cpp
    variables = cc_common.create_compile_variables(
        cc_toolchain = toolchain,
        feature_configuration = features,
        include_directories = context.includes,
        preprocessor_defines = context.defines,
        quote_include_directories = context.quote_includes,
        system_include_directories = context.system_includes,
        # As Bazel compiles the sources of programs; g++ would not take the header
        # with the other kind.
        use_pic = True,
        user_compile_flags = cpp.copts + cpp.cxxopts + ctx.attr.copts,
    )
    return cc_common.get_memory_inefficient_command_line(
        action_name = CPP_COMPILE_ACTION_NAME,
        feature_configuration = features,
        variables = variables,
    )

def _precompiled_header_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        cc_toolchain = toolchain,
        ctx = ctx,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    dependencies = [CcInfo(compilation_context = dep[CcInfo].compilation_context) for dep in ctx.attr.deps]
    context = cc_common.merge_cc_infos(cc_infos = dependencies).compilation_context
    compiler = cc_common.get_tool_for_action(
        action_name = CPP_COMPILE_ACTION_NAME,
        feature_configuration = features,
    )

    # g++ looks for NAME.h.gch before it opens NAME.h, and takes it if it was made
    # with the flags at hand.
    header = ctx.actions.declare_file(ctx.label.name + ".h")
    ctx.actions.write(header, "")
    outputs = [header]

    # Not where g++ optimises, unless it does not warn at all: a precompiled header
    # has lost the pragmas that keep the C++ library's own code quiet (findings/),
    # and g++ warns of std::string.
    quiet = "-w" in ctx.attr.copts or not _optimised(ctx)
    if "clang" not in toolchain.compiler and quiet:
        out = ctx.actions.declare_file(ctx.label.name + ".h.gch")
        ctx.actions.run(
            arguments = _command(ctx, toolchain, features, context) + _KIND + [
                ctx.file.header.path,
                "-o",
                out.path,
            ],
            executable = compiler,
            inputs = depset([ctx.file.header], transitive = [context.headers, toolchain.all_files]),
            mnemonic = "CppPrecompile",
            outputs = [out],
            progress_message = "Precompiling %s" % ctx.file.header.short_path,
        )
        outputs.append(out)
    own = cc_common.create_compilation_context(
        headers = depset(outputs),
        quote_includes = depset([header.dirname]),
    )
    return [
        DefaultInfo(files = depset(outputs)),
        cc_common.merge_cc_infos(
            cc_infos = dependencies,
            direct_cc_infos = [CcInfo(compilation_context = own)],
        ),
    ]

precompiled_header = rule(
    implementation = _precompiled_header_impl,
    doc = """`header`, parsed once for all that depend on this and say `-include NAME.h`.

    That file is empty for the compiler that has no precompiled header of it: a
    source still includes by itself all that it uses. Nothing of `deps` is linked.""",
    attrs = {
        "copts": attr.string_list(doc = "As of those that include it."),
        "deps": attr.label_list(
            doc = "What `header` includes.",
            providers = [CcInfo],
        ),
        "header": attr.label(
            allow_single_file = [".h"],
            mandatory = True,
        ),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
