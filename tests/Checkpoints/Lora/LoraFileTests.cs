using Locutor.Checkpoints.Lora;
using Locutor.Checkpoints.Safetensors;

namespace Locutor.Checkpoints.Tests.Lora;

public sealed class LoraFileTests : TemporaryFolder
{
    private static readonly Dictionary<string, long[]> Network = new()
    {
        ["patch_embedding.weight"] = [8, 4, 1, 2, 2],
        ["patch_embedding.bias"] = [8],
        ["blocks.0.modulation"] = [1, 6, 8],
        ["blocks.0.self_attn.q.weight"] = [8, 8],
        ["blocks.0.self_attn.q.bias"] = [8],
        ["blocks.0.self_attn.o.weight"] = [8, 8],
        ["blocks.0.self_attn.norm_q.weight"] = [8],
        ["blocks.0.cross_attn.k_img.weight"] = [8, 8],
        ["blocks.0.cross_attn.k_img.bias"] = [8],
        ["blocks.0.cross_attn.norm_k_img.weight"] = [8],
        ["blocks.0.ffn.0.weight"] = [24, 8],
        ["blocks.0.ffn.2.weight"] = [8, 24],
        ["blocks.10.ffn.2.weight"] = [8, 24],
        ["head.modulation"] = [1, 2, 8],
        ["head.head.weight"] = [5, 8],
        ["time_projection.1.weight"] = [48, 8],
        ["img_emb.proj.1.weight"] = [4, 8],
    };

    [Theory]
    [InlineData("diffusion_model.blocks.0.self_attn.q", "blocks.0.self_attn.q.weight")]
    [InlineData("transformer.blocks.0.self_attn.q", "blocks.0.self_attn.q.weight")]
    [InlineData("pipe.dit.blocks.0.self_attn.q", "blocks.0.self_attn.q.weight")]
    [InlineData("base_model.model.blocks.0.self_attn.q", "blocks.0.self_attn.q.weight")]
    [InlineData("base_model.model.diffusion_model.blocks.0.self_attn.q", "blocks.0.self_attn.q.weight")]
    [InlineData("blocks.0.self_attn.q", "blocks.0.self_attn.q.weight")]
    [InlineData("lora_unet_blocks_0_self_attn_q", "blocks.0.self_attn.q.weight")]
    [InlineData("lora_unet__blocks_0_self_attn_q", "blocks.0.self_attn.q.weight")]
    [InlineData("lora_unet_blocks.0.self_attn.q", "blocks.0.self_attn.q.weight")]
    [InlineData("lora_unet_blocks_0_cross_attn_k_img", "blocks.0.cross_attn.k_img.weight")]
    [InlineData("lora_unet_blocks_10_ffn_2", "blocks.10.ffn.2.weight")]
    [InlineData("transformer.blocks.0.attn1.to_q", "blocks.0.self_attn.q.weight")]
    [InlineData("transformer.blocks.0.attn1.to_out.0", "blocks.0.self_attn.o.weight")]
    [InlineData("transformer.blocks.0.attn2.add_k_proj", "blocks.0.cross_attn.k_img.weight")]
    [InlineData("transformer.blocks.0.ffn.net.0.proj", "blocks.0.ffn.0.weight")]
    [InlineData("transformer.blocks.0.ffn.net.2", "blocks.0.ffn.2.weight")]
    [InlineData("lora_unet_blocks_0_attn1_to_out_0", "blocks.0.self_attn.o.weight")]
    [InlineData("condition_embedder.time_proj", "time_projection.1.weight")]
    [InlineData("condition_embedder.image_embedder.ff.net.0.proj", "img_emb.proj.1.weight")]
    [InlineData("proj_out", "head.head.weight")]
    [InlineData("diffusion_model.patch_embedding", "patch_embedding.weight")]
    public void A_pair_finds_its_weight_by_any_spelling(string layer, string target)
    {
        foreach (var (down, up) in
                new[]
                {
                    ("lora_down.weight", "lora_up.weight"), ("lora_A.weight", "lora_B.weight"),
                    ("lora_A.default.weight", "lora_B.default.weight"), ("lora.down.weight", "lora.up.weight"),
                })
        {
            long[] shape = Network[target], convolution = shape.Length > 2 ? [1, 1, 1] : [];
            using var file = Make(($"{layer}.{down}", [2, .. shape[1..]]), ($"{layer}.{up}", [shape[0], 2, .. convolution]));
            var adapter = file.FitTo(Network, 0.5);
            adapter.Targets.ShouldBe([target]);
            adapter.PatchesOf(target).Single().Scale.ShouldBe(1);
            adapter.PatchesOf("head.head.bias").ShouldBeEmpty();
            adapter.ToString().ShouldContain("2 tensors change 1 of the network's at strength 0.5");
        }
    }

    [Theory]
    [InlineData("diffusion_model.blocks.0.cross_attn.norm_k_img.diff", "blocks.0.cross_attn.norm_k_img.weight")]
    [InlineData("diffusion_model.blocks.0.cross_attn.k_img.diff_b", "blocks.0.cross_attn.k_img.bias")]
    [InlineData("diffusion_model.blocks.0.diff_m", "blocks.0.modulation")]
    [InlineData("diffusion_model.head.diff_m", "head.modulation")]
    [InlineData("diffusion_model.blocks.0.modulation.diff", "blocks.0.modulation")]
    [InlineData("lora_unet_blocks_0_self_attn_q.diff_b", "blocks.0.self_attn.q.bias")]
    [InlineData("transformer.blocks.0.attn1.norm_q.diff", "blocks.0.self_attn.norm_q.weight")]
    public void A_difference_finds_its_parameter(string key, string target)
    {
        using var file = Make((key, Network[target]));
        file.FitTo(Network).PatchesOf(target).Single().Difference!.Name.ShouldBe(key);
        using var flat = Make((key, [.. Network[target].Where(n => n != 1)]));
        flat.FitTo(Network).Targets.ShouldBe([target]);
    }

    [Fact]
    public void Alpha_is_divided_by_the_rank()
    {
        const string layer = "lora_unet_blocks_0_ffn_0";
        using var file = Make(
            ($"{layer}.lora_down.weight", [4, 8]), ($"{layer}.lora_up.weight", [24, 4]), ($"{layer}.alpha", []),
            ("blocks.0.ffn.2.lora_A.weight", [4, 24]), ("blocks.0.ffn.2.lora_B.weight", [8, 4]));
        var adapter = file.FitTo(Network);
        adapter.PatchesOf("blocks.0.ffn.0.weight").Single().Scale.ShouldBe(1.5 / 4);
        adapter.PatchesOf("blocks.0.ffn.2.weight").Single().Scale.ShouldBe(1);
        adapter.FileTensors.ShouldBe(5);
    }

    [Theory]
    [InlineData(
        "diffusion_model.blocks.0.self_attn.x.diff",
        "fits no parameter of the network; expected blocks.0.self_attn.x.weight, nearest are blocks.0.self_attn.o.weight, " +
        "blocks.0.self_attn.q.weight")]
    [InlineData("diffusion_model.blocks.1.self_attn.q.diff", "nearest are blocks.0.self_attn.q.weight")]
    [InlineData("blocks.0.self_attn.o.diff_b", "fits no parameter of the network; expected blocks.0.self_attn.o.bias")]
    [InlineData("blocks.0.self_attn.q.dora_scale", "expected a key ending in")]
    [InlineData("blocks.0.self_attn.q.lora_B.bias", "expected a key ending in")]
    [InlineData("blocks.0.self_attn.q.lora_down.weight", "expected a lora_up beside it")]
    [InlineData("blocks.0.self_attn.q.lora_up.weight", "expected a lora_down beside it")]
    [InlineData("blocks.0.self_attn.q.alpha", "expected a lora_down beside it")]
    public void A_key_that_fits_nothing_is_an_error(string key, string message) =>
        Should.Throw<CheckpointException>(
            () => { using var file = Make((key, [8, 8])); file.FitTo(Network); }).Message.ShouldContain(message);

    [Fact]
    public void A_shape_that_fits_nothing_is_an_error()
    {
        const string q = "blocks.0.self_attn.q";
        Fails("expected [8, rank] and [rank, 8]", ($"{q}.lora_down.weight", [2, 9]), ($"{q}.lora_up.weight", [8, 2]));
        Fails("expected [8, rank] and [rank, 8]", ($"{q}.lora_down.weight", [2, 8]), ($"{q}.lora_up.weight", [8, 3]));
        Fails("expected [8, rank] and [rank, 8]", ($"{q}.lora_down.weight", [0, 8]), ($"{q}.lora_up.weight", [8, 0]));
        Fails("expected [8, 8] as blocks.0.self_attn.q.weight is, found [8, 9]", ($"{q}.diff", [8, 9]));
        Fails(
            "expected matrices", ("blocks.0.self_attn.norm_q.lora_down.weight", [2, 8]),
            ("blocks.0.self_attn.norm_q.lora_up.weight", [1, 2]));
        Fails("expected one number, found [2]", ($"{q}.lora_down.weight", [2, 8]), ($"{q}.lora_up.weight", [8, 2]), ($"{q}.alpha", [2]));
        Fails("expected one Down", ($"{q}.lora_down.weight", [2, 8]), ($"diffusion_model.{q}.lora_A.weight", [2, 8]));
    }

    private void Fails(string message, params (string Name, long[] Shape)[] tensors) =>
        Should.Throw<CheckpointException>(() => { using var file = Make(tensors); file.FitTo(Network); }).Message.ShouldContain(message);

    /// <summary>A float32 file in which every element is 1.5.</summary>
    private LoraFile Make(params (string Name, long[] Shape)[] tensors)
    {
        using var writer = new SafetensorsWriter(
            At("lora.safetensors"), tensors.Select(t => new TensorOutline(t.Name, ElementType.Float32, t.Shape)));
        foreach (var (name, shape) in tensors)
            for (long i = shape.Aggregate(1L, (product, n) => product * n); i > 0; i--) writer.Append(name, BitConverter.GetBytes(1.5f));
        writer.Complete();
        return LoraFile.Open(At("lora.safetensors"));
    }
}
