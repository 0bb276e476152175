namespace Locutor.Torch.Tests;

public sealed class TorchOptionsTests
{
    [Fact]
    public void Variables_become_options_and_empty_ones_count_as_absent()
    {
        var defaults = TorchOptions.From(_ => null);
        (defaults.Folder, defaults.PlainKernels, defaults.SelfTest, defaults.Attention).ShouldBe((null, false, true, "auto"));
        TorchOptions.From(_ => "").ShouldBe(defaults with { OwnLogLevel = true });

        var variables = new Dictionary<string, string>
        {
            ["LOCUTOR_TORCH"] = "/torch",
            ["LOCUTOR_PLAIN_KERNELS"] = "1",
            ["LOCUTOR_SELF_TEST"] = "0",
            ["LOCUTOR_ATTENTION"] = "8bit",
            ["LOCUTOR_GPU_CAPABILITY"] = "8.0",
            ["LOCUTOR_NVRTC"] = "/nvrtc.so",
            ["XDG_CACHE_HOME"] = "/cache",
            ["LOCUTOR_INJECTED_FAULT"] = "convolution",
        };
        TorchOptions.From(variables.GetValueOrDefault).ShouldBe(new TorchOptions
        {
            Folder = "/torch",
            PlainKernels = true,
            SelfTest = false,
            Attention = "8bit",
            Capability = "8.0",
            Nvrtc = "/nvrtc.so",
            CacheFolder = "/cache/locutor",
            InjectedFault = "convolution",
        });
    }

    [Fact]
    public async Task An_override_follows_the_calling_code_and_ends_with_it()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var before = TorchOptions.Current;
        using (TorchOptions.Override(before with { PlainKernels = !before.PlainKernels }))
        {
            (await Task.Run(() => TorchOptions.Current.PlainKernels, cancellationToken)).ShouldBe(!before.PlainKernels);
            using (TorchOptions.Override(before)) TorchOptions.Current.ShouldBe(before);
            TorchOptions.Current.PlainKernels.ShouldBe(!before.PlainKernels);
        }

        TorchOptions.Current.ShouldBe(before);
    }
}
