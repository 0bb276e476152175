using Locutor.Kernels.Arithmetic;
using static TorchSharp.torch;

namespace Locutor.Kernels.Tests.Arithmetic;

public sealed class SelfTestTests : IDisposable
{
    private static readonly OperationKind Kind = new("sum", "float32", "of 8");
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("locutor-arithmetic");
    private readonly List<string> ran = [];

    private SelfTestCache Cache => new(folder.FullName);

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void The_usual_path_is_taken_where_it_is_right_and_no_other_is_run()
    {
        var test = new SelfTest("here", null);
        test.PathOf(Kind, Check(Right("usual"), Right("other"))).ShouldBe("usual");
        test.PathOf(Kind, Check(Right("usual"), Right("other"))).ShouldBe("usual");
        ran.ShouldBe(["usual"]);
        test.Notice.ShouldBeNull();
        test.Results.Single().ShouldBe(new CheckResult(Kind, "usual", 0, "usual"));
    }

    [Theory]
    [InlineData(0.5, "wrong by 50 %")]
    [InlineData(double.NaN, "not finite")]
    [InlineData(double.PositiveInfinity, "not finite")]
    public void The_fastest_right_path_replaces_a_wrong_one(double error, string reason)
    {
        var test = new SelfTest("here", null);
        test.PathOf(Kind, Check(Wrong("usual", error), Wrong("as wrong", error), Slow("slow"), Right("fast"))).ShouldBe("fast");
        var result = test.Results.Single();
        result.IsChanged.ShouldBeTrue();
        result.Reason.ShouldBe(reason);
        test.Notice.ShouldNotBeNull().ShouldContain("float32 sum of 8");
        test.Notice.ShouldContain("fast (1)");
        ran.Count(name => name == "as wrong").ShouldBe(1, "a wrong path was timed");
    }

    [Fact]
    public void The_last_resort_is_tried_where_no_other_path_is_right()
    {
        var last = Right("last") with { IsLastResort = true };
        new SelfTest("here", null).PathOf(Kind, Check(Wrong("usual", 1), last, Slow("slow"))).ShouldBe("slow");
        ran.ShouldNotContain("last");
        new SelfTest("here", null).PathOf(Kind, Check(Wrong("usual", 1), last, Wrong("other", 1))).ShouldBe("last");
    }

    [Fact]
    public void A_path_that_the_device_refuses_is_replaced_and_its_message_kept()
    {
        var test = new SelfTest("here", null);
        var refused = new OperationPath("usual", inputs => [inputs[0].view(3, 5)]);
        test.PathOf(Kind, Check(refused, Right("other"))).ShouldBe("other");
        test.Results.Single().Reason.ShouldNotBeNull().ShouldStartWith("refused: shape '[3, 5]' is invalid");
        test.Results.Single().Reason.ShouldNotBeNull().ShouldNotContain("\n");
    }

    [Fact]
    public void Results_of_another_shape_or_number_are_wrong()
    {
        var test = new SelfTest("here", null);
        var shorter = new OperationPath("shorter", inputs => [inputs[0].narrow(0, 0, 7)]);
        var none = new OperationPath("none", _ => []);
        test.PathOf(Kind, Check(shorter, none, Right("right"))).ShouldBe("right");
    }

    [Fact]
    public void No_path_is_named_where_all_are_wrong()
    {
        var test = new SelfTest("here", null);
        test.PathOf(Kind, Check(Wrong("usual", 0.5), Wrong("other", double.NaN))).ShouldBeNull();
        test.Results.Single().Error.ShouldBe(0.5, 1e-6);
        test.Notice.ShouldNotBeNull();
    }

    [Fact]
    public void A_reference_of_zeros_or_NaN_is_refused()
    {
        var test = new SelfTest("here", null);
        var blank = new OperationCheck(0.1, () => [zeros(8)], inputs => [inputs[0]], [Right("usual")]);
        Should.Throw<ArgumentException>(() => test.PathOf(Kind, blank));
        var infinite = new OperationCheck(0.1, () => [full(8, double.NaN)], inputs => [inputs[0]], [Right("usual")]);
        Should.Throw<ArgumentException>(() => test.PathOf(Kind, infinite));
    }

    [Fact]
    public void Another_process_uses_the_stored_path_without_a_test()
    {
        var first = new SelfTest("here", Cache);
        first.PathOf(Kind, Check(Wrong("usual", double.NaN), Right("other")));
        first.Save();
        ran.Clear();
        var second = new SelfTest("here", Cache);
        second.PathOf(Kind, Check(Wrong("usual", double.NaN), Right("other"))).ShouldBe("other");
        ran.ShouldBeEmpty();
        second.Results.ShouldBe(first.Results);
        second.Notice.ShouldBe(first.Notice);
        new SelfTest("elsewhere", Cache).PathOf(Kind, Check(Right("usual"))).ShouldBe("usual");
        ran.ShouldBe(["usual"]);
    }

    [Fact]
    public void Kinds_that_another_process_added_are_kept()
    {
        var (first, second) = (new SelfTest("here", Cache), new SelfTest("here", Cache));
        var other = Kind with { Detail = "of 16" };
        first.PathOf(Kind, Check(Right("usual")));
        second.PathOf(other, Check(Right("usual")));
        first.Save();
        second.Save();
        Cache.Read("here").Keys.ShouldBe([Kind, other], ignoreOrder: true);
        folder.GetFiles("*.part").ShouldBeEmpty();
    }

    [Fact]
    public void A_damaged_file_is_ignored_and_replaced()
    {
        var first = new SelfTest("here", Cache);
        first.PathOf(Kind, Check(Right("usual")));
        first.Save();
        string path = Cache.PathOf("here");
        byte[] whole = File.ReadAllBytes(path);
        foreach (int at in new[] { 0, 31, 40, whole.Length - 1 })
        {
            byte[] changed = [.. whole];
            changed[at] ^= 1;
            File.WriteAllBytes(path, changed);
            Cache.Read("here").ShouldBeEmpty($"byte {at}");
        }
        foreach (int length in new[] { 0, 1, 32, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            Cache.Read("here").ShouldBeEmpty($"{length} bytes");
        }
        var second = new SelfTest("here", Cache);
        second.PathOf(Kind, Check(Right("usual"))).ShouldBe("usual");
        second.Save();
        File.ReadAllBytes(path).ShouldBe(whole);
    }

    [Fact]
    public void A_kept_path_that_no_longer_exists_is_tested_again()
    {
        var first = new SelfTest("here", Cache);
        first.PathOf(Kind, Check(Wrong("usual", 1), Right("removed")));
        first.Save();
        new SelfTest("here", Cache).PathOf(Kind, Check(Wrong("usual", 1), Right("new"))).ShouldBe("new");
    }

    [Fact]
    public void Without_a_writable_folder_every_process_runs_the_test_itself()
    {
        string file = Path.Combine(folder.FullName, "file");
        File.WriteAllText(file, "");
        var test = new SelfTest("here", new SelfTestCache(Path.Combine(file, "below")));
        test.PathOf(Kind, Check(Right("usual"))).ShouldBe("usual");
        test.Save();
    }

    [Fact]
    public void An_injected_fault_has_an_identity_of_its_own()
    {
        string healthy = DeviceIdentity.Compute(CPU);
        using (InjectedFault.Inject(ConvolutionFault.Results)) DeviceIdentity.Compute(CPU).ShouldNotBe(healthy);
        DeviceIdentity.Compute(CPU).ShouldBe(healthy);
        healthy.ShouldContain("libtorch ");
        healthy.ShouldContain(CpuInfo.Flags);
    }

    private static OperationCheck Check(params OperationPath[] paths) =>
        new(0.01, () => [arange(1, 9, ScalarType.Float32)], inputs => [inputs[0] * 2], paths);

    private OperationPath Right(string name) => new(name, inputs => Noted(name, inputs[0] * 2));

    private OperationPath Slow(string name) => new(name, inputs =>
    {
        Thread.Sleep(50);
        return Noted(name, inputs[0] * 2);
    });

    private OperationPath Wrong(string name, double error) => new(name, inputs => Noted(name, inputs[0] * (2 * (1 + error))));

    private Tensor[] Noted(string name, Tensor result)
    {
        ran.Add(name);
        return [result];
    }
}
