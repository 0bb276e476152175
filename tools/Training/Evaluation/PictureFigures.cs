using System.Runtime.CompilerServices;
using Locutor.Training.Faces;

namespace Locutor.Training.Evaluation;

/// <summary>Compares the frames of generated videos with the rendered frames of the same persons: noise, sharpness and lids.</summary>
internal sealed class PictureFigures(int size, double leastPsnr)
{
    private readonly List<double> psnr = [], whole = [], mouth = [], eyes = [], elsewhere = [], lids = [], trueLids = [];
    private int halves, trueHalves;

    /// <summary>Adds the video of one person.</summary>
    public void Add(byte[][] made, TalkingSubject.Truth truth, LidMeter meter)
    {
        psnr.Add(FrameFigures.Psnr(made, truth.Frames, size, truth.Moving));
        double[] ofMade = [.. Energies(made)], ofTruth = [.. Energies(truth.Frames)];
        whole.Add(ofMade[0] / ofTruth[0]);
        mouth.Add(ofMade[1] / ofTruth[1]);
        eyes.Add(ofMade[2] / ofTruth[2]);
        elsewhere.Add(ofMade[3] / ofTruth[3]);
        halves += AddBlinks(lids, made);
        trueHalves += AddBlinks(trueLids, truth.Frames);

        int AddBlinks(List<double> to, byte[][] frames)
        {
            var (blinks, halfOpen) = meter.Count(frames);
            to.AddRange(blinks);
            return halfOpen;
        }

        IEnumerable<double> Energies(byte[][] frames)
        {
            double all = FrameFigures.GradientEnergy(frames, size, new PixelBox(0, 0, size, size)),
                lips = FrameFigures.GradientEnergy(frames, size, truth.Moving[0]);
            double both = truth.Moving.Skip(1).Sum(eye => FrameFigures.GradientEnergy(frames, size, eye));
            return [all, lips, both, all - lips - both];
        }
    }

    /// <summary>The measurements of the person that was added last, for a log.</summary>
    public string Last =>
        Text(
            $"rest {psnr[^1]:F2} dB, gradients {whole[^1]:F2}, in the mouth {mouth[^1]:F2}, in the eyes {eyes[^1]:F2}, elsewhere " +
            $"{elsewhere[^1]:F2}");

    public IEnumerable<EvaluationRow> Rows()
    {
        yield return new(
            "everything but mouth and eyes: PSNR against the portrait's true frames", Text($"{leastPsnr:F0} dB"),
            Text($"{psnr.Average():F2} dB (worst person {psnr.Min():F2})"),
            psnr.Average() >= leastPsnr, new Dictionary<string, double> { ["psnr"] = psnr.Average(), ["worst"] = psnr.Min() });
        yield return Ratio("gradient energy of the whole picture, against the true frames", whole, 0.9);
        yield return Ratio("gradient energy inside the mouth", mouth, 0.7);
        yield return Ratio("gradient energy in the eyes", eyes, 0.9);
        yield return Ratio("gradient energy elsewhere", elsewhere, 0.9);
        double visible = lids.DefaultIfEmpty(1).Average();
        yield return new(
            "lids: part of the eye that shows in the middle of a blink", "under 15 %",
            Text(
                $"{visible:P1} ({lids.Count} blinks, and {halves} times lids stay half open; true frames " +
                $"{trueLids.DefaultIfEmpty().Average():P1}, {trueLids.Count} blinks, {trueHalves} times)"),
            visible < 0.15,
            new Dictionary<string, double>
            {
                ["visible"] = visible,
                ["blinks"] = lids.Count,
                ["halfOpen"] = halves,
                ["trueBlinks"] = trueLids.Count,
                ["trueHalfOpen"] = trueHalves,
            });
    }

    private static EvaluationRow Ratio(string figure, List<double> values, double least) => new(
        figure, Text($"{least}"), Text($"{values.Average():F3} (worst person {values.Min():F3})"), values.Average() >= least,
        new Dictionary<string, double> { ["ratio"] = values.Average(), ["worst"] = values.Min() });

    /// <summary>Formats numbers in the invariant culture, which Directory.Build.props sets for the program.</summary>
    private static string Text(DefaultInterpolatedStringHandler text) => text.ToStringAndClear();
}
