using static TorchSharp.torch;

namespace Locutor.Torch;

/// <summary>Several tensors that a formula returns together.</summary>
public interface ITensorGroup
{
    /// <summary>Every tensor of the group; absent ones are left out.</summary>
    IEnumerable<Tensor> Tensors { get; }
}

/// <summary>
/// Lifetimes of tensors. A formula inside <c>Scoped</c> needs no other scope handling: its intermediate tensors are freed when it ends, its
/// result belongs to the scope of the caller.
/// </summary>
public static class Scopes
{
    /// <summary>Computes a formula, frees its intermediate tensors and returns its result to the caller's scope.</summary>
    public static Tensor Scoped(Func<Tensor> formula)
    {
        using var scope = NewDisposeScope();
        return formula().MoveToOuterDisposeScope();
    }

    /// <inheritdoc cref="Scoped(Func{Tensor})"/>
    public static T Scoped<T>(Func<T> formula)
        where T : ITensorGroup
    {
        using var scope = NewDisposeScope();
        return formula().ToOuterScope();
    }

    /// <inheritdoc cref="Scoped(Func{Tensor})"/>
    public static (Tensor, Tensor) Scoped(Func<(Tensor, Tensor)> formula)
    {
        using var scope = NewDisposeScope();
        var (first, second) = formula();
        return (first.MoveToOuterDisposeScope(), second.MoveToOuterDisposeScope());
    }

    /// <summary>Computes a formula whose result belongs to no scope: the caller disposes of it.</summary>
    public static Tensor Detached(Func<Tensor> formula)
    {
        using var scope = NewDisposeScope();
        return formula().DetachFromDisposeScope();
    }

    /// <summary>
    /// Runs layers one after the other; the input of each is freed as soon as its output exists, so that two activations live at most.
    /// </summary>
    /// <param name="x">Input of the first layer; freed as well.</param>
    /// <param name="layers">The layers, in order.</param>
    public static Tensor Chain(Tensor x, IEnumerable<Func<Tensor, Tensor>> layers)
    {
        foreach (var layer in layers)
        {
            var next = layer(x);
            x.Dispose();
            x = next;
        }

        return x;
    }

    /// <summary>Moves every tensor of the group to the scope around the current one.</summary>
    public static T ToOuterScope<T>(this T group)
        where T : ITensorGroup
    {
        foreach (var tensor in group.Tensors) tensor.MoveToOuterDisposeScope();
        return group;
    }

    /// <summary>Frees every tensor of the group.</summary>
    public static void Free(this ITensorGroup group)
    {
        foreach (var tensor in group.Tensors) tensor.Dispose();
    }
}
