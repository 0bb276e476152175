using System.CommandLine;
using Locutor.Generation.Loading;
using Locutor.Jobs.Hosting;
using Locutor.Service.Settings;
using Locutor.Service.Workers;

namespace Locutor.Cli.Commands;

/// <summary>The command <c>locutor worker</c>: it runs jobs of a service on one device. <c>serve</c> starts its own workers.</summary>
internal static class WorkerCommand
{
    private static readonly Option<string?> Gateway = new("--gateway")
    {
        Description =
            "Nodes of the service to join, such as 10.0.0.1:30000,node-b:30000. Default: the nodes in the database that " +
            "LOCUTOR_POSTGRES names.",
        HelpName = "ADDRESSES",
    };

    private static readonly Option<string> Data = new("--data")
    {
        Description = "Data folder of the service; all machines share it.",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => ServeSettings.DefaultData,
    };

    private static readonly Option<string> Device = new("--device")
    {
        Description = "Device that runs the networks: cpu or cuda:0.",
        HelpName = "NAME",
        DefaultValueFactory = _ => "cpu",
    };

    private static readonly Option<string?> Gpus = new("--gpus")
    {
        Description = "GPUs that compute each video together, such as 0,1; in place of --device.",
        HelpName = "0,1,..",
    };

    private static readonly Option<string?> Model = new("--model")
    {
        Description = "Model to load before the first job.",
        HelpName = "NAME",
    };

    private static readonly Option<string?> Models = new("--models")
    {
        Description = "Models whose jobs this worker takes, separated by commas. Default: the models on its disk.",
        HelpName = "NAMES",
    };

    private static readonly Option<string?> Budget = new("--vram-budget") { Description = "GPU memory to use, in GiB.", HelpName = "GIB" };

    private static readonly Option<Precision> Precision = new("--precision")
    {
        Description = "Precision of the networks: auto, float32, bfloat16, float8 or int8; auto selects what the device computes best.",
        HelpName = "NAME",
    };

    private static readonly Option<double> Drain = new("--drain-seconds")
    {
        Description = "Time that a stopping worker has to finish its job, in seconds.",
        HelpName = "S",
        DefaultValueFactory = _ => 60,
    };

    private static readonly Option<double> Hours = new("--job-hours")
    {
        Description = "Time limit of one attempt, in hours.",
        HelpName = "H",
        DefaultValueFactory = _ => 24,
    };

    private static readonly Option<double> Stall = new("--stall-minutes")
    {
        Description = "Time limit without progress in one stage of a job, in minutes.",
        HelpName = "M",
        DefaultValueFactory = _ => 30,
    };

    private static readonly Option<string> Id = new("--id") { Hidden = true, DefaultValueFactory = _ => "" };

    private static readonly Option<bool> Attached = new("--attached") { Hidden = true };

    public static Command Create(VideoMaking making)
    {
        var command = new Command(
            "worker", "Run jobs of a service on this machine. 'locutor serve' starts its own workers.")
        {
            Gateway, Data, Device, Gpus, Model, Models, ModelsCommand.Store, Budget, Precision, Drain, Hours, Stall, Id, Attached,
        };
        command.SetAction((parsed, _) => RunAsync(Read(parsed), making.Runner));
        return command;
    }

    private static async Task<int> RunAsync(WorkerOptions options, Func<WorkerOptions, IVideoRunner> runner)
    {
        try
        {
            return await WorkerProcess.RunAsync(options, runner);
        }
        catch (IOException failure)
        {
            throw new CommandException(ExitCodes.Missing, $"the worker cannot run: {failure.Message}", failure);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new CommandException(
                ExitCodes.Missing,
                $"the worker cannot run: {failure.Message} A worker that shares the data folder runs as the user of the service.", failure);
        }
    }

    private static WorkerOptions Read(ParseResult parsed) => new WorkerOptions
    {
        Settings = ServeCommand.Load(null, [new("data", parsed.GetValue(Data)!)]),
        Device = parsed.GetValue(Gpus) is { } numbers ? WorkerSupervisor.FirstGpu(numbers) : parsed.GetValue(Device)!,
        Gpus = parsed.GetValue(Gpus),
        Model = parsed.GetValue(Model),
        Models = parsed.GetValue(Models)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        VramBudget = MemoryPlan.Parse(parsed.GetValue(Budget)),
        Store = parsed.GetValue(ModelsCommand.Store),
        Precision = parsed.GetValue(Precision),
        Drain = TimeSpan.FromSeconds(parsed.GetValue(Drain)),
        LongestRun = TimeSpan.FromHours(parsed.GetValue(Hours)),
        LongestStall = TimeSpan.FromMinutes(parsed.GetValue(Stall)),
        Id = parsed.GetValue(Id)!,
        Attached = parsed.GetValue(Attached),
    }.At(parsed.GetValue(Gateway));

    private static WorkerOptions At(this WorkerOptions options, string? gateways)
    {
        if (gateways is null && options.Settings.Postgres is null)
        {
            throw new CommandException(
                ExitCodes.Usage, "expected --gateway with the nodes to join at, or LOCUTOR_POSTGRES with the database that lists them");
        }

        try
        {
            return options with { Gateways = GatewayName.ParseList(gateways ?? "") };
        }
        catch (FormatException exception)
        {
            throw new CommandException(ExitCodes.Usage, $"--gateway: {exception.Message}", exception);
        }
    }
}
