using Locutor.Checkpoints;

namespace Locutor.Models.Tests;

public class ShippedBundlesTests
{
    internal static readonly string Folder = Find();

    public static TheoryData<string> Names =>
    [
        .. Directory.EnumerateDirectories(Folder).Where(f => File.Exists(Path.Combine(f, "bundle.json")))
            .Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)
    ];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_shipped_bundle_is_complete(string name)
    {
        var bundle = BundleJson.Read(Path.Combine(Folder, name, "bundle.json"));
        bundle.Name.ShouldBe(name);
        bundle.Sizes.Keys.ShouldContain(bundle.DefaultSize);
        bundle.Presets.Keys.ShouldContain(bundle.DefaultPreset);
        bundle.Sizes.Values.SelectMany(s => s).ShouldAllBe(s => s.Length == 2 && s[0] % 16 == 0 && s[1] % 16 == 0);
        (bundle.ClipFrames % 4).ShouldBe(1);
        bundle.Presets.Values.ShouldAllBe(
            p => p.Steps > 0 && p.Shift > 0 && p.MotionFrames % 4 == 1 && p.MotionFrames < bundle.ClipFrames && p.About != null
                && p.ShiftBySize.Keys.All(bundle.Sizes.ContainsKey));
        foreach (var (role, file) in bundle.Files())
        {
            if (file.Repository is null) File.Exists(Path.Combine(Folder, name, file.Path)).ShouldBeTrue($"{role}: {file.Path}");
            else Models.Store.StoreLayout.Relative(file).ShouldNotBeEmpty();
        }
    }

    [Theory]
    [InlineData("infinitetalk-480p")]
    [InlineData("infinitetalk-720p")]
    [InlineData("infinitetalk-multi")]
    [InlineData("infinitetalk-480p-fp8")]
    [InlineData("infinitetalk-480p-int8")]
    [InlineData("infinitetalk-720p-fp8")]
    [InlineData("infinitetalk-720p-int8")]
    [InlineData("infinitetalk-multi-fp8")]
    [InlineData("infinitetalk-multi-int8")]
    public void The_published_networks_have_their_presets(string name)
    {
        var bundle = BundleJson.Read(Path.Combine(Folder, name, "bundle.json"));
        (string, int, double, double, double, int, int)[] presets =
        [
            .. bundle.Presets.Select(p => (
                p.Key, p.Value.Steps, p.Value.Shift, p.Value.TextGuidance, p.Value.AudioGuidance, p.Value.Adapters.Count,
                p.Value.MotionFrames))
        ];
        presets.ShouldBe([
            ("quality", 40, 7, 5, 4, 0, 9), ("balanced", 8, 2, 1, 2, 1, 9), ("fast", 8, 2, 1, 2, 1, 9), ("draft", 3, 5, 1, 1, 1, 9),
            ("lightx2v", 4, 5, 1, 1, 1, 9), ("lightx2v-t2v", 4, 5, 1, 1, 1, 9), ("fusionix", 8, 2, 1, 2, 1, 25)]);
        bundle.Presets["lightx2v"].Adapters.Single().File.ShouldBe(
            new BundleFile("lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors", "Kijai/WanVideo_comfy", Size: 738_005_744));
        bundle.Presets["fast"].GuidedSteps.ShouldBe(4);
        bundle.Presets["fast"].StepCache.ShouldBe("easycache:0.07");
        bundle.Presets.Values.ShouldAllBe(preset => preset.About!.EndsWith('.'));
        bundle.Presets["quality"].ShiftBySize["720p"].ShouldBe(11);
        bundle.DiskSpace.Keys.ShouldBe(["pull", "bfloat16", "float8", "int8"]);
        bundle.GpuMemory.Keys.Order().ShouldBe(["bf16", "fp8", "int8"]);
        bundle.Licence.ShouldBe("Apache-2.0");
        (bundle.Precision is null || WeightPrecisions.Parse(bundle.Precision) is not null).ShouldBeTrue();
    }

    [Theory]
    [InlineData("flashtalk", null)]
    [InlineData("flashtalk-fp8", "float8")]
    [InlineData("flashtalk-int8", "int8")]
    public void FlashTalk_is_one_folder_that_is_a_whole_checkpoint(string name, string? precision)
    {
        var bundle = BundleJson.Read(Path.Combine(Folder, name, "bundle.json"));
        (bundle.Licence, bundle.Precision, bundle.ClipFrames, bundle.DefaultSize).ShouldBe(("Apache-2.0", precision, 33, "768x448"));
        bundle.Networks.Transformer.Files.ShouldBe(
            [new BundleFile("diffusion_pytorch_model.safetensors.index.json", "Soul-AILab/SoulX-FlashTalk-14B")]);
        bundle.Files().Where(f => f.For != "speech").ShouldAllBe(f => f.File.Repository == "Soul-AILab/SoulX-FlashTalk-14B");
        (string, int, double, double, double, int, double, bool)[] presets =
        [
            .. bundle.Presets.Select(p => (
                p.Key, p.Value.Steps, p.Value.Shift, p.Value.TextGuidance, p.Value.AudioGuidance, p.Value.MotionFrames,
                p.Value.ColourCorrection, p.Value.FewSteps))
        ];
        presets.ShouldBe([("four-steps", 4, 5, 1, 1, 5, 1, true), ("two-steps", 2, 5, 1, 1, 5, 1, true)]);
    }

    [Fact]
    public void An_unknown_member_is_an_error()
    {
        string path = Path.GetTempFileName(), good = File.ReadAllText(Path.Combine(Folder, "infinitetalk-480p", "bundle.json"));
        File.WriteAllText(path, good.Replace("\"defaultSize\"", "\"defaultSzie\"", StringComparison.Ordinal));
        Should.Throw<BundleException>(() => BundleJson.Read(path)).Message.ShouldContain("defaultSzie");
        File.Delete(path);
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string models = Path.Combine(folder.FullName, "models");
            if (File.Exists(Path.Combine(models, "bundle.schema.json"))) return models;
        }
        throw new DirectoryNotFoundException("no models/bundle.schema.json above " + AppContext.BaseDirectory);
    }
}
