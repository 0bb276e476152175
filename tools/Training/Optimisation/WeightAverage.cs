using Locutor.Checkpoints;
using Locutor.Checkpoints.Safetensors;
using Locutor.Networks.Layers;
using static TorchSharp.torch;

namespace Locutor.Training.Optimisation;

/// <summary>
/// The weighted mean of the weights of two trainings, one of which started from the other: it has most of what was learnt, and forgets less
/// of what was known before ("Robust fine-tuning of zero-shot models", WiSE-FT, arXiv 2109.01903).
/// </summary>
public static class WeightAverage
{
    /// <summary>Writes the weighted mean of two safetensors files in float32.</summary>
    /// <param name="first">A file of tensors with floating-point values.</param>
    /// <param name="second">A file with the same names and shapes.</param>
    /// <param name="share">Weight of the second file, 0 to 1.</param>
    /// <param name="output">The file to write; it may be one of the two.</param>
    /// <exception cref="CheckpointException">Names or shapes differ.</exception>
    public static void Write(string first, string second, double share, string output)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> mean;
        int others;
        using (SafetensorsFile one = SafetensorsFile.Open(first), other = SafetensorsFile.Open(second))
        {
            mean = one.Tensors.ToDictionary(t => t.Key, t => t.Value.ToTensor().to(float32, copy: true), StringComparer.Ordinal);
            others = other.Tensors.Count;
        }
        if (others != mean.Count) throw new CheckpointException($"{second}: expected {mean.Count} tensors, found {others}");
        var added = mean.ToDictionary(t => t.Key, t => zeros_like(t.Value), StringComparer.Ordinal);
        TensorFile.Fill(second, added);
        foreach (var (name, tensor) in added) mean[name].mul_(1 - share).add_(tensor, alpha: share);
        TensorFile.Save(output, mean);
    }
}
