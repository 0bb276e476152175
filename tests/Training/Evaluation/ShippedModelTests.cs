using Locutor.Generation.Conditioning;
using Locutor.Generation.Loading;
using Locutor.Generation.Requests;
using Locutor.Media.Pictures;
using Locutor.Models.Store;
using Locutor.Training.Evaluation;
using Locutor.Training.Faces;
using Locutor.Training.Speech;
using TorchSharp;

namespace Locutor.Training.Tests.Evaluation;

/// <summary>The model in the box, on people and voices that it was not trained on.</summary>
public sealed class ShippedModelTests(ShippedModel model) : IClassFixture<ShippedModel>
{
    private const int Size = 128;
    private const int Frames = 33;

    [Fact]
    public async Task The_mouth_moves_with_speech_and_rests_in_silence()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        int seed = TestSeed.Value;
        var networks = model.Networks;
        using (var renderer = new FaceRenderer(Size, Size))
        {
            var person = new TalkingSubject(1 + seed % 40, Size, renderer);
            var voice = SpeechPreparation.MakeEvaluation(0.2, seed, cancellationToken).GroupBy(u => u.Voice).First().ToArray();
            var speech = person.Speak(SpeechMix.Compose(voice, Frames, new Random(seed), plain: true), "neutral", renderer, seed);
            var silence = person.Speak(
                new SpeechMix(new float[Frames * SpeechMix.FrameSamples], new MouthPose[Frames], new float[Frames]), "neutral", renderer,
                seed);
            double[] said = await OpeningsAsync(speech), rested = await OpeningsAsync(silence);
            Statistics.Correlation(said, speech.Openings).ShouldBeGreaterThan(0.5, $"seed {seed}");
            rested.Average().ShouldBeLessThan(0.3 * said.Average(), $"seed {seed}");

            async Task<double[]> OpeningsAsync(TalkingSubject.Truth truth)
            {
                byte[][] made = await person.GenerateAsync(
                    truth.Frames[0], truth.Speech.Audio, networks.Bundle.DefaultPrompt, networks, model.Settings, seed, cancellationToken);
                made.Length.ShouldBe(Frames);
                return [.. person.Read(made).Select(o => Math.Max(0, o))];
            }
        }
    }

    [Fact]
    public void A_note_is_given_for_pictures_that_are_not_painted_portraits()
    {
        int seed = TestSeed.Value;
        var networks = model.Networks;
        using (var renderer = new FaceRenderer(Size, Size))
        {
            for (int i = 0; i < 4; i++)
            {
                byte[] portrait = new byte[renderer.FrameBytes];
                renderer.Render(Person.Draw(seed + i), default, portrait);
                var picture = new Picture(Size, Size, portrait);
                if (PictureFit.Notice(networks, picture) is { } notice)
                    Assert.Fail($"person {seed + i}, {PictureFit.Decibels(networks, picture):F1} dB: {notice}");
            }
            byte[] texture = new byte[renderer.FrameBytes];
            new Random(seed).NextBytes(texture);
            PictureFit.Notice(networks, new Picture(Size, Size, texture)).ShouldNotBeNull().ShouldContain("locutor models pull");
        }
    }
}

/// <summary>The model in the box, loaded once for all tests.</summary>
public sealed class ShippedModel : IDisposable
{
    public ShippedModel()
    {
        var found = BundleCatalogue.Default().Find("sketch").ShouldNotBeNull("the model in the box");
        Settings = VideoSettings.Resolve(found.Bundle, VideoRequest.Empty);
        Networks = NetworkSet.Load(found, LoadingOptions.From(torch.CPU, Precision.Auto));
    }

    public NetworkSet Networks { get; }

    public VideoSettings Settings { get; }

    public void Dispose() => Networks.Dispose();
}
