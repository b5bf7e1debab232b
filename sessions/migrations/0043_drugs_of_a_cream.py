"""The drugs of a numbing cream, with their percents."""

import clinic.models.base
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from decimal import Decimal
from django.db import migrations, models

from clinic.db.operations import AtOnce


class Migration(migrations.Migration):

    dependencies = [
        ('treatment_sessions', '0042_holds_of_every_kind'),
    ]

    operations = [
        AtOnce(
            operations=[
                migrations.AlterField(
                    model_name='product',
                    name='mg_per_kg_max',
                    field=models.DecimalField(blank=True, decimal_places=2, help_text='Most milligrams of all its drugs on one day for each kilogram of the patient.', max_digits=6, null=True, verbose_name='most mg per kg'),
                ),
                migrations.CreateModel(
                    name='ProductDrug',
                    fields=[
                        ('id', models.UUIDField(db_default=clinic.models.base.UUIDv7(), editable=False, primary_key=True, serialize=False)),
                        ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                        ('drug', models.CharField(choices=[('LIDOCAINE', 'Lidocaine'), ('PRILOCAINE', 'Prilocaine'), ('TETRACAINE', 'Tetracaine'), ('BENZOCAINE', 'Benzocaine'), ('BUPIVACAINE', 'Bupivacaine'), ('CINCHOCAINE', 'Cinchocaine (dibucaine)'), ('MEPIVACAINE', 'Mepivacaine'), ('PRAMOCAINE', 'Pramocaine (pramoxine)')], max_length=16)),
                        ('percent', models.DecimalField(decimal_places=2, help_text='Of the weight of the cream: 2.5 are 25 mg in a gram.', max_digits=5, validators=[django.core.validators.MinValueValidator(Decimal('0.01')), django.core.validators.MaxValueValidator(100)])),
                        ('mg_per_kg_max', models.DecimalField(blank=True, decimal_places=2, help_text='Most milligrams of this drug on one day for each kilogram of the patient; empty if only all drugs together have a limit.', max_digits=6, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0.01'))], verbose_name='most mg per kg')),
                        ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='drugs', to='treatment_sessions.product')),
                    ],
                    options={
                        'verbose_name': 'drug',
                        'db_table': 'treatment_product_drug',
                        'constraints': [models.UniqueConstraint(fields=('product', 'drug'), name='product_drug_once', violation_error_message='Name each drug once.'), models.CheckConstraint(condition=models.Q(('drug__in', ['LIDOCAINE', 'PRILOCAINE', 'TETRACAINE', 'BENZOCAINE', 'BUPIVACAINE', 'CINCHOCAINE', 'MEPIVACAINE', 'PRAMOCAINE'])), name='product_drug_known'), models.CheckConstraint(condition=models.Q(('percent__gt', 0), ('percent__lte', 100)), name='product_drug_is_a_percentage', violation_error_message='A drug is above 0 and at most 100 per cent.'), models.CheckConstraint(condition=models.Q(('mg_per_kg_max__isnull', True), ('mg_per_kg_max__gt', 0), _connector='OR'), name='product_drug_limit_positive', violation_error_message='A limit must be above zero; empty is none.')],
                    },
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='productdrug',
                    trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='e898239a38584f1ed7fdeb29da2512b9f0479e4e', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_cad7b', table='treatment_product_drug', when='BEFORE')),
                ),
                pgtrigger.migrations.AddTrigger(
                    model_name='productdrug',
                    trigger=pgtrigger.compiler.Trigger(name='drugs_within_strength', sql=pgtrigger.compiler.UpsertTriggerSql(declare='DECLARE most NUMERIC; total NUMERIC;', func="\n            SELECT coalesce(strength_percent, 100) INTO most\n                FROM treatment_product WHERE id = NEW.product_id FOR NO KEY UPDATE;\n            SELECT NEW.percent + coalesce(sum(percent), 0) INTO total\n                FROM treatment_product_drug WHERE product_id = NEW.product_id;\n            IF total > most THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'product_drugs_within_strength', MESSAGE = 'the drugs are ' || total || ' %, more than the strength of ' || most || ' %';\n            END IF;\n            RETURN NEW;\n            ", hash='e1e8818ccf9f9813e8283450aae3cc4eb5fb4161', operation='INSERT', pgid='pgtrigger_drugs_within_strength_9ba46', table='treatment_product_drug', when='BEFORE')),
                ),
            ],
        ),
    ]
