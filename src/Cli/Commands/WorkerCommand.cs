using System.CommandLine;
using Locutor.Generation.Loading;
using Locutor.Jobs.Hosting;
using Locutor.Service.Settings;
using Locutor.Service.Workers;

namespace Locutor.Cli.Commands;

/// <summary>The command <c>locutor worker</c>: it runs jobs of a service on one device. <c>serve</c> starts its own workers.</summary>
internal static class WorkerCommand
{
    public static Command Create(VideoMaking making)
    {
        var command = new Command("worker", "Run jobs of a service on one device.");
        var gateway = new Option<string?>("--gateway")
        {
            Description =
                "Nodes of the service to join at, as 10.0.0.1:30000,node-b:30000. Without it the database that LOCUTOR_POSTGRES names " +
                "lists them."
        };
        var data = new Option<string>("--data")
        {
            Description = "The service's data folder, shared between machines.",
            DefaultValueFactory = _ => ServeSettings.DefaultData,
        };
        var device = new Option<string>("--device") { Description = "cpu or cuda:0.", DefaultValueFactory = _ => "cpu" };
        var gpus = new Option<string?>("--gpus")
        {
            Description = "GPUs that compute each video together, such as 0,1; in place of --device.",
            HelpName = "0,1,..",
        };
        var model = new Option<string?>("--model") { Description = "Model that is loaded before the first job." };
        var budget = new Option<string?>("--vram-budget") { Description = "Memory of the GPU to make do with, in GiB.", HelpName = "GIB" };
        var precision = new Option<Precision>("--precision")
        {
            Description = "How finely videos are computed: float32, bfloat16, float8 or int8; without it, what the device is best at.",
            HelpName = "NAME",
        };
        var drain = new Option<double>("--drain-seconds")
        {
            Description = "How long a stopping worker may finish its job.",
            DefaultValueFactory = _ => 60,
        };
        var hours = new Option<double>("--job-hours") { Description = "Longest run of one attempt.", DefaultValueFactory = _ => 24 };
        var stall = new Option<double>("--stall-minutes")
        {
            Description = "Longest time without progress in one stage of a job.",
            DefaultValueFactory = _ => 30,
        };
        var id = new Option<string>("--id") { Hidden = true, DefaultValueFactory = _ => "" };
        var attached = new Option<bool>("--attached") { Hidden = true };
        Option[] options =
        [
            gateway, data, device, gpus, model, ModelsCommand.Store, budget, precision, drain, hours, stall, id, attached,
        ];
        foreach (var option in options)
            command.Options.Add(option);
        command.SetAction((parsed, _) => WorkerProcess.RunAsync(
            new WorkerOptions
            {
                Settings = ServeCommand.Load(null, [new("data", parsed.GetValue(data)!)]),
                Device = parsed.GetValue(gpus) is { } numbers ? WorkerSupervisor.FirstGpu(numbers) : parsed.GetValue(device)!,
                Gpus = parsed.GetValue(gpus),
                Model = parsed.GetValue(model),
                VramBudget = MemoryPlan.Parse(parsed.GetValue(budget)),
                Store = parsed.GetValue(ModelsCommand.Store),
                Precision = parsed.GetValue(precision),
                Drain = TimeSpan.FromSeconds(parsed.GetValue(drain)),
                LongestRun = TimeSpan.FromHours(parsed.GetValue(hours)),
                LongestStall = TimeSpan.FromMinutes(parsed.GetValue(stall)),
                Id = parsed.GetValue(id)!,
                Attached = parsed.GetValue(attached),
            }.At(parsed.GetValue(gateway)),
            making.Runner));
        return command;
    }

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
