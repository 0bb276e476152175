using Locutor.Service.Settings;
using Locutor.Service.Workers;

namespace Locutor.Service.FunctionalTests.Workers;

public sealed class VisibleGpusTests
{
    [Theory]
    [InlineData(null, 4, 4)]
    [InlineData("", 4, 0)]
    [InlineData("-1", 4, 0)]
    [InlineData("2", 4, 1)]
    [InlineData("3,1", 4, 2)]
    [InlineData("0, 1,2", 4, 3)]
    [InlineData("0,9,1", 4, 1)] // CUDA ignores the list from the first GPU that does not exist
    [InlineData("0,none,1", 4, 1)]
    [InlineData("GPU-8f3a1c2d,GPU-77aa", 4, 2)]
    [InlineData("MIG-1234", 1, 1)]
    [InlineData("0", 0, 0)]
    [InlineData(null, 0, 0)]
    public void Workers_run_on_the_gpus_that_cuda_shows(string? visible, int cards, int expected) =>
        VisibleGpus.Count(visible, cards).ShouldBe(expected);

    [Fact]
    public void Named_devices_are_taken_as_they_are()
    {
        WorkerSupervisor.Devices("cuda:1, cpu").ShouldBe(["cuda:1", "cpu"]);
        WorkerSupervisor.Devices("none").ShouldBeEmpty();
        if (!Directory.Exists("/proc/driver/nvidia/gpus")) WorkerSupervisor.Devices("auto").ShouldBe(["cpu"]);
    }

    [Fact]
    public void One_worker_represents_the_gpus_that_it_uses_together()
    {
        var settings = new ServeSettings { Gpus = "1, 0" };
        WorkerSupervisor.Devices(settings).ShouldBe(["cuda:1"]);
        WorkerSupervisor.CheckNames(settings);
        Should.Throw<SettingsException>(() => WorkerSupervisor.CheckNames(settings with { Gpus = "0,0" })).Message
            .ShouldBe("gpus: expected different numbers of GPUs, such as 0,1, found '0,0'");
        Should.Throw<SettingsException>(() => WorkerSupervisor.CheckNames(settings with { Gpus = "0,x" }));
        Should.Throw<SettingsException>(() => WorkerSupervisor.CheckNames(settings with { Workers = "cuda:0" })).Message
            .ShouldBe("gpus: expected workers=auto with it, since it selects the GPUs of the worker, found workers=cuda:0");
    }
}
